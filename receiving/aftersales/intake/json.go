package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// CatalogueJSON applies a JSON array of SKUs, or SKUs one after another (NDJSON).
func (im *Importer) CatalogueJSON(ctx context.Context, r io.Reader) (Report, error) {
	return runJSON(ctx, im, r, skuKeyOf, im.skus())
}

// OrdersJSON applies a JSON array of orders, or orders one after another.
func (im *Importer) OrdersJSON(ctx context.Context, r io.Reader) (Report, error) {
	return runJSON(ctx, im, r, orderKeyOf, im.orders())
}

// CasesJSON applies a JSON array of cases, or cases one after another.
func (im *Importer) CasesJSON(ctx context.Context, r io.Reader) (Report, error) {
	return runJSON(ctx, im, r, caseKeyOf, im.cases())
}

func runJSON[T any](ctx context.Context, im *Importer, r io.Reader, key func(T) string, k kind[T]) (Report, error) {
	return run(ctx, im, jsonItems(r, key), k)
}

// jsonItems streams records: memory holds one at a time, whatever the size of the file.
func jsonItems[T any](r io.Reader, key func(T) string) iter.Seq2[item[T], error] {
	return func(yield func(item[T], error) bool) {
		text, err := asUTF8(r)
		if err != nil {
			yield(item[T]{row: 1}, err)
			return
		}
		d := json.NewDecoder(text)
		raw := json.RawMessage{}
		inArray := false
		for n := 1; ; n++ {
			if n == 1 {
				if inArray, err = arrayBegins(d, text); err != nil {
					yield(item[T]{row: 1}, err)
					return
				}
			}
			if inArray && !d.More() {
				return
			}
			raw = nil
			if err := d.Decode(&raw); errors.Is(err, io.EOF) && !inArray {
				return
			} else if err != nil {
				yield(item[T]{row: n}, fmt.Errorf("record %d: %w", n, err))
				return
			}
			if !yield(jsonItem(n, raw, key), nil) {
				return
			}
		}
	}
}

// arrayBegins takes a leading "[" off.
func arrayBegins(d *json.Decoder, text io.Reader) (bool, error) {
	peek, ok := text.(io.ByteScanner)
	if !ok {
		return false, errors.New("JSON is UTF-8")
	}
	for {
		b, err := peek.ReadByte()
		if err != nil {
			return false, nil // empty: the decoder says so
		}
		if b == ' ' || b == '\n' || b == '\r' || b == '\t' {
			continue
		}
		if err := peek.UnreadByte(); err != nil {
			return false, err
		}
		if b != '[' {
			return false, nil
		}
		_, err = d.Token()
		return true, err
	}
}

func jsonItem[T any](n int, raw json.RawMessage, key func(T) string) item[T] {
	it := item[T]{row: n}
	if err := json.Unmarshal(raw, &it.rec); err != nil {
		p := Problem{Row: n, Code: "bad_type", Message: err.Error()}
		var typed *json.UnmarshalTypeError
		if errors.As(err, &typed) {
			p.Field, p.Message = typed.Field, fmt.Sprintf("%s does not fit", typed.Value)
		}
		it.problems = []Problem{p}
		return it
	}
	it.key = key(it.rec)
	var any any
	if json.Unmarshal(raw, &any) == nil {
		for _, path := range unknownFields(any, reflect.TypeOf(it.rec), "") {
			it.warnings = append(it.warnings, Problem{Row: n, Field: path, Code: "unknown_field", Message: "this field is not known and is ignored"})
		}
	}
	return it
}

// unknownFields lists the paths of v that t has no field for.
func unknownFields(v any, t reflect.Type, at string) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var out []string
	switch v := v.(type) {
	case []any:
		if t.Kind() != reflect.Slice {
			return nil
		}
		for i, e := range v {
			out = append(out, unknownFields(e, t.Elem(), fmt.Sprintf("%s[%d]", at, i))...)
		}
	case map[string]any:
		if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() {
			return nil
		}
		known := map[string]reflect.Type{}
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			known[name] = t.Field(i).Type
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			path := strings.TrimPrefix(at+"."+k, ".")
			if ft, ok := known[strings.ToLower(k)]; ok {
				out = append(out, unknownFields(v[k], ft, path)...)
			} else {
				out = append(out, path)
			}
		}
	}
	return out
}
