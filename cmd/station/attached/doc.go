// Package attached tells what is plugged into this computer and who may open it. It opens no device.
//
// A driver that can list its devices is a Lister; All is the one list of them. It may import scanner/... and nothing else of the house.
package attached
