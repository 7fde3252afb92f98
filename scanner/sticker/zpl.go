package sticker

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
)

// ZPL renders labels as one print job, in the order given. Sources of the commands: Zebra's ZPL II programming guide.
func ZPL(pages ...Page) []byte {
	var out bytes.Buffer
	for _, p := range pages {
		// ^CI28: the bytes are UTF-8. ^LH0,0 and ^FWN undo what an earlier job of another program left behind.
		fmt.Fprintf(&out, "^XA^CI28^LH0,0^FWN^PW%d^LL%d\n", p.Width, p.Height)
		for _, i := range p.Items {
			switch {
			case i.Symbol != nil:
				zplSymbol(&out, i)
			case i.Text != nil:
				zplText(&out, i)
			case i.Box != nil:
				fmt.Fprintf(&out, "^FO%d,%d^GB%d,%d,%d^FS\n", i.X, i.Y, i.Box.Width, i.Box.Height, i.Box.Line)
			}
		}
		out.WriteString("^PQ1,0,1,N^XZ\n")
	}
	return out.Bytes()
}

func zplSymbol(out *bytes.Buffer, i Item) {
	s := i.Symbol
	if s.Kind == DataMatrix {
		fmt.Fprintf(out, "^FO%d,%d^BXN,%d,200^FH_^FD%s^FS\n", i.X, i.Y, s.Module, escape(s.Data))
		return
	}
	fmt.Fprintf(out, "^FO%d,%d^BY%d^BCN,%d,N,N,N^FH_^FD%s^FS\n", i.X, i.Y, s.Module, s.Height, escape(fields(s.Data)))
}

func zplText(out *bytes.Buffer, i Item) {
	t := i.Text
	if !ascii(t.Value) {
		b := draw(t.Value, t.Height)
		x := i.X
		if t.Right {
			x += max(0, t.Width-b.width)
		}
		fmt.Fprintf(out, "^FO%d,%d^GFA,%d,%d,%d,%s^FS\n", x, i.Y, len(b.rows), len(b.rows), b.stride(), strings.ToUpper(hex.EncodeToString(b.rows)))
		return
	}
	h := font0(t.Height)
	y := i.Y + (t.Height-h)/2
	if t.Right {
		// A field block is the only way to set a proportional font flush right.
		fmt.Fprintf(out, "^FO%d,%d^A0N,%d,%d^FB%d,1,0,R^FH_^FD%s^FS\n", i.X, y, h, h, t.Width, escape(t.Value))
		return
	}
	fmt.Fprintf(out, "^FO%d,%d^A0N,%d,%d^FH_^FD%s^FS\n", i.X, y, h, h, escape(t.Value))
}

// escape keeps data from being read as commands: the two command prefixes, the escape itself, the backslash of field blocks and whatever is not plain ASCII
// go as hexadecimal, which ^FH_ turns back.
func escape(s string) string {
	var out strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '^', c == '~', c == '_', c == '\\', c < ' ', c > '~':
			fmt.Fprintf(&out, "_%02X", c)
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}
