package main

import (
	"bytes"
	"os"
	"testing"
)

// The pages' types are made from web/openapi.json: it must say what this server says.
func TestOpenAPIFileIsWhatTheServerSays(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	if err := (openapiCmd{}).Run(&said); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile("../../web/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(said.Bytes(), kept) {
		t.Error("web/openapi.json is not what the server says: run make openapi, and mend the pages where their types have changed")
	}
}
