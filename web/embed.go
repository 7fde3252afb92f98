package web

import (
	"embed"
	"io/fs"
)

// Entry pages within Dist.
const (
	Index   = "index.html"
	Station = "station.html"
)

//go:embed all:dist
var embedded embed.FS

// Dist is the root of the built pages. Files under assets/ carry a hash of their content in their name and never change; all others may.
func Dist() fs.FS {
	dist, err := fs.Sub(embedded, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path and is embedded above
	}
	return dist
}

// Built reports whether the named entry page is there. Without a build the server answers 503 for pages and serves its API all the same.
func Built(entry string) bool {
	info, err := fs.Stat(Dist(), entry)
	return err == nil && info.Mode().IsRegular()
}
