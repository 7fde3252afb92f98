package doctor

// modemManager takes every new port for some seconds to look for a modem, and sends it commands.
func modemManager(f Facts) []Finding {
	switch {
	case !f.Modems:
		return nil
	case f.Rules:
		return []Finding{finding(OK, "modems_kept_off")}
	}
	return []Finding{finding(Wrong, "modems_probe")}
}
