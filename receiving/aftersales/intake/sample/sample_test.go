package sample_test

import (
	"testing"
	"fmt"

	"github.com/backdock/backdock/receiving/aftersales/intake/sample"
)

func TestPrint(t *testing.T) {
	d := sample.Make(sample.Options{})
	fmt.Println(d.Parcels, d.Pieces, len(d.Orders), len(d.Cases), len(d.Script), len(d.Late), len(d.Catalogue))
}
