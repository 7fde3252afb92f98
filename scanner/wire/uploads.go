package wire

// UploadsPath is where photos and videos go: tus 1.0, POST here begins one, at UploadsPath + id it goes on. A station's token opens it; the agent carries what its page sends,
// under the same path.
const UploadsPath = "/api/v1/evidence/uploads/"
