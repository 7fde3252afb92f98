// Package scale reads a bench's scale: Mettler Toledo's SICS, asked with SI, and scales that send lines of text by themselves. It owns the parsers, the units and
// the question whether a weight has settled. Ports are opened by scanner/serial and scanner/tcp; it imports these, scanner and plumbing.
//
//	scale+serial:///dev/ttyUSB1?protocol=sics&baud=9600
//	scale+tcp://10.0.0.7:4001?protocol=ascii
//
//	S S      1.234 kg      SICS: stable       ST,GS,+  1.234kg      ASCII: stable, gross
//	S D      1.230 kg      dynamic            US,GS,+  1.230kg      unstable
//	S +                    overload           OL,GS,+               overload
//
// Nothing here was run on a physical scale.
package scale
