package doctor

// page can be served. A running agent has its own.
func page(f Facts) []Finding {
	if f.Page.Address == "" || f.Agent.on() || !f.Page.Taken {
		return nil
	}
	return []Finding{finding(Wrong, "page_taken", "address", f.Page.Address, "who", names(f.Page.Holders))}
}
