// Package replay plays a capture of a scanner's bytes: for bug reports, demonstrations and tests. It reads and writes capture files.
//
//	# comment
//	!evdev?event=24&layout=us        what the bytes are, where they are no text: before the first of them
//	0      "]E06901234567892\r"      milliseconds since the start, bytes as a Go string
//	1250.5 "SF1234567890123"         how the bytes were cut into reads is kept: framing bugs live there
//	1251   "\r"
//
// replay:FILE plays at the recorded pace, replay:FILE?speed=10 ten times as fast, ?speed=max without waiting.
package replay
