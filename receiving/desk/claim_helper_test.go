package desk_test

import (
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/receivingtest"
)

// claim gives a parcel of unknown owner to a case, as a person at the office does.
func (s *scene) claim(parcel, number string) {
	s.T.Helper()
	p, _ := receiving.ParseParcelNumber(parcel)
	c := receivingtest.One[id.Case](s.Site, "SELECT id FROM cases WHERE number = ?", number)
	s.Do(func(tx *gorm.DB) error { return s.Site.Desk.Claim(s.T.Context(), tx, c, p) })
}
