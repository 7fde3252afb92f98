package track

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/backdock/backdock/internal/fault"
)

// Import records a file of checkpoints: CSV with columns carrier, waybill, code, at and perhaps place and parent, or a JSON list of the same. It stops at the first
// batch that is not usable; what came before is recorded, and the whole file may be imported again.
func (k *Keeper) Import(ctx context.Context, ending string, r io.Reader) (Recorded, error) {
	read := map[string]func(io.Reader) ([]Checkpoint, error){".csv": fromCSV, ".json": fromJSON}[ending]
	if read == nil {
		return Recorded{}, fault.New(fault.Invalid, "checkpoints_file", "want a file that ends in .csv or .json, not %q", ending)
	}
	list, err := read(r)
	if err != nil {
		return Recorded{}, err
	}
	var all Recorded
	for len(list) > 0 {
		n := min(MaxBatch, len(list))
		done, err := k.Record(ctx, "import", list[:n])
		if err != nil {
			return all, err
		}
		all = Recorded{all.Received + done.Received, all.New + done.New, all.Signed + done.Signed}
		list = list[n:]
	}
	return all, nil
}

func unreadable(err error) error {
	return fault.New(fault.Invalid, "checkpoints_file", "the file cannot be read: %s", err)
}

func fromJSON(r io.Reader) (list []Checkpoint, err error) {
	if err := json.NewDecoder(r).Decode(&list); err != nil {
		return nil, unreadable(err)
	}
	return list, nil
}

func fromCSV(r io.Reader) ([]Checkpoint, error) {
	in := csv.NewReader(r)
	head, err := in.Read()
	if err != nil {
		return nil, unreadable(err)
	}
	var list []Checkpoint
	for {
		line, err := in.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, unreadable(err)
		}
		var c Checkpoint
		for i, name := range head {
			switch name {
			case "carrier":
				c.Carrier = line[i]
			case "waybill":
				c.Waybill = line[i]
			case "code":
				c.Code = line[i]
			case "place":
				c.Place = line[i]
			case "parent":
				c.Parent = line[i]
			case "at":
				if c.At, err = time.Parse(time.RFC3339, line[i]); err != nil {
					return nil, unreadable(fmt.Errorf("row %d: at is no RFC 3339 time", len(list)+1))
				}
			default:
				return nil, unreadable(fmt.Errorf("there is no column %q", name))
			}
		}
		list = append(list, c)
	}
}
