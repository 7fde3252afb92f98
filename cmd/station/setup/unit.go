package setup

import (
	"fmt"
	"strings"
)

// sysusers makes the agent's user: a member of the group that may open scanners.
func sysusers(group string) string {
	return mark + fmt.Sprintf("u %s - \"Backdock station\" %s\nm %s %s\n", User, StateDir, User, group)
}

// classDrivers register the device classes ttyACM and ttyUSB that the service allows. systemd looks such names up once, when the service starts, and that may
// be before the first scanner is plugged in.
var classDrivers = []string{"cdc_acm", "usbserial"}

func modules() string { return mark + strings.Join(classDrivers, "\n") + "\n" }

// config is what a new bench begins with.
func config(devices []string) string {
	var b strings.Builder
	b.WriteString("# Configuration of the Backdock station: flag names as keys, see station run --help. station install wrote it once and leaves it alone.\n")
	b.WriteString("# Each scanner's URL: sudo station devices\n")
	if len(devices) == 0 {
		b.WriteString("#device:\n#  - serial://?vid=0c2e&pid=0b6a&sn=21134B0CB2&beep=honeywell-ack\n")
		return b.String()
	}
	b.WriteString("device:\n")
	for _, d := range devices {
		fmt.Fprintf(&b, "  - %q\n", d)
	}
	return b.String()
}

// unit runs the agent as long as the computer runs. It needs its directory, the scanners and the network, and can reach nothing else.
//
// Restart=always without a limit: a bench has nobody who would start it again. LimitNOFILE keeps descriptors below what select can hold, which the serial
// library uses.
func unit(exe, group string) string {
	return mark + `[Unit]
Description=Backdock station: scanners to server
After=local-fs.target systemd-modules-load.service
StartLimitIntervalSec=0

[Service]
Type=exec
User=` + User + `
SupplementaryGroups=` + group + `
ExecStart=` + exe + ` --config ` + ConfigFile + ` --data ` + StateDir + ` run
Restart=always
RestartSec=2
StateDirectory=` + stateName + `
StateDirectoryMode=0700
UMask=0077
LimitNOFILE=1024
TimeoutStopSec=20

# Scanners, and no other device.
DevicePolicy=closed
DeviceAllow=char-ttyACM rw
DeviceAllow=char-ttyUSB rw
DeviceAllow=char-ttyS rw
DeviceAllow=char-hidraw rw
DeviceAllow=char-input rw

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`
}
