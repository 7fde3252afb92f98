// Package hidtest writes what keyboards and HID POS scanners send, for tests. It shares no code with the decoders, but it
// lays reports out by the parser of descriptors: what that gets wrong only a report written byte for byte can show.
package hidtest
