// Package setup makes a Linux computer a bench: udev rules for scanners, a user, and a service that runs the agent. Everything it writes carries a mark, so
// that it can be written again, compared and removed, and nothing else is touched.
//
//	/etc/udev/rules.d/70-backdock.rules              who may open scanners; ModemManager keeps off; stable names
//	/etc/sysusers.d/backdock-station.conf            the agent's user
//	/etc/modules-load.d/backdock-station.conf        drivers whose names the service's device list needs
//	/etc/systemd/system/backdock-station.service     the agent
//	/etc/backdock/station.yaml                       its configuration: written once, then yours
//
// It may import scanner/maker.
package setup
