// Package printer brings jobs in ZPL to a label printer and says how the printer is doing. It owns the connection, the time-outs and the host status ~HS; it
// knows nothing of labels or of what was printed before. It imports scanner and plumbing.
//
//	tcp://10.0.0.9:9100          raw port of a network printer
//	file:///dev/usb/lp0          a USB printer of Linux (usblp)
//
//	        not sent: try again          sent, perhaps printed: ask a person
//	open ─▶ ~HS ready? ─▶ write job ─┬─▶ ~HS until nothing is left ─▶ printed
//
// The one question that matters after a failure is whether the printer may have the whole job. A format prints when its ^XZ has come, so a job that was not
// handed over to its last byte was not printed; one that was, and whose end nobody has seen, is in doubt.
//
// Nothing here was run on a physical printer.
package printer
