// Package demo plays a day of returns without any set-up: sample orders, a simulated WeChat Pay, real station agents as child processes on virtual serial
// scanners, a clerk per bench who scans and watches the page, and an inspector who works through the public API.
//
//	script ─▶ clerk ─▶ pty ─▶ station (child) ─▶ websocket ─▶ server ─▶ sandbox (child)
//	            ▲                   │ page
//	            └──── outcome ──────┘
package demo
