// Package qc grades units and disposes of them. It may import inventory and inventory/catalogue; it never learns that refunds exist: it records the fact
// backdock.unit.inspected.v1, and a Guard from the wiring says when a fact may no longer be taken back.
//
//	quarantine ─┬─ restock ────────────▶ available      custody ─┬─ return_to_customer ─▶ outbound
//	            ├─ restock_b ──────────▶ second_grade            └─ scrap (manager) ────▶ scrap
//	            ├─ repair ─────────────▶ repair
//	            ├─ return_to_… ────────▶ outbound       Undo posts the counter-entry and leads back, until the unit has moved on.
//	            ├─ scrap ──────────────▶ scrap
//	            └─ donate ─────────────▶ adjustment
package qc
