// Package gatewaytest holds what every payment gateway must keep, as a suite: Exercise. An adaptor's test hands it a Bed: the gateway, and a grip on
// the other side of its wire, be it a stub of the test's own or a simulator on loopback.
package gatewaytest
