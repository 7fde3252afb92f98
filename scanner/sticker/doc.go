// Package sticker draws what is stuck on things: the license plate of a piece and the control barcodes of a bench. It owns the layouts and their two
// renderings, ZPL for label printers and SVG for browsers, from one list of items in printer dots. It is pure: the same label gives the same bytes.
// It imports only scanner, a barcode library and a bitmap font.
//
//	┌──────────────────────────────┐
//	│ ║║│║│║║ Code 128 ║│║│║│║║│║  │   or a DataMatrix at the left
//	│ U0000000424              #2  │   the plate to read, the mark of a second copy
//	│ 无线蓝牙耳机 Pro 黑           │   name, cut to one line
//	│ EAR-PRO-BK                   │   SKU code
//	│ [蓝 BLUE]         2026-11-24 │   where the piece goes, day it came
//	└──────────────────────────────┘
//
// ASCII is printed with the printer's own font 0. Whatever it may not have (Chinese, before all) is drawn with an embedded 12-pixel font and sent as a
// picture, so that labels come out the same on printers without an Asian font.
package sticker
