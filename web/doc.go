// Package web holds the built browser pages: index.html (the server's screens), station.html (the bench, served by the agent) and their assets.
// `make web` fills dist; on a fresh clone it is empty but for a marker file, so that Go builds and tests need no Node.
package web
