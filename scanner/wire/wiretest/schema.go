package wiretest

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/guess"
	"github.com/backdock/backdock/scanner/wire"
)

const marker = "  schemas:\n"

// Described fails t unless the schemas of an AsyncAPI document say what the Go types say, and every reference in it leads somewhere. With update it writes
// them, from the line "  schemas:" to the end. It returns the document and the number of its references.
func Described(t testing.TB, document string, update bool, roots ...reflect.Type) (doc map[string]any, references int) {
	t.Helper()
	b, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(b), marker)
	if !ok {
		t.Fatalf("%s: no schemas in the document", document)
	}
	want := head + marker + schemas(roots...)
	if update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(b) != want {
		t.Errorf("%s does not say what the types say: run go test -run AsyncAPI -update here", document)
	}
	if err := yaml.Unmarshal([]byte(want), &doc); err != nil {
		t.Fatal(err)
	}
	follow(doc, func(ref string) {
		references++
		var at any = doc
		for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			m, ok := at.(map[string]any)
			if !ok || m[step] == nil {
				t.Errorf("%s: %s leads nowhere", document, ref)
				return
			}
			at = m[step]
		}
	})
	return doc, references
}

func follow(v any, found func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if s, ok := value.(string); ok && key == "$ref" {
				found(s)
			}
			follow(value, found)
		}
	case []any:
		for _, value := range v {
			follow(value, found)
		}
	}
}

// enums are the values of string types.
var enums = map[reflect.Type][]string{
	reflect.TypeFor[wire.Op]():             {"hello", "scans", "lease", "devices", "welcome", "outcomes", "plates", "view", "error"},
	reflect.TypeFor[scanner.Source]():      strs(scanner.FromDevice, scanner.FromTyped, scanner.FromKey),
	reflect.TypeFor[scanner.Flag]():        strs(scanner.DoubleRead, scanner.RepeatAfterRestart, scanner.Damaged, scanner.IdleFraming, scanner.Overflow, scanner.NotText),
	reflect.TypeFor[scanner.Verdict]():     strs(scanner.Accepted, scanner.Attention, scanner.Rejected, scanner.Duplicate),
	reflect.TypeFor[scanner.Tone]():        strs(scanner.ToneOK, scanner.ToneDone, scanner.ToneDup, scanner.ToneMid, scanner.ToneLow, scanner.ToneError),
	reflect.TypeFor[scanner.Tote]():        strs(scanner.BlueTote, scanner.YellowTote, scanner.RedTote),
	reflect.TypeFor[scanner.DeviceState](): strs(scanner.DeviceConnected, scanner.DeviceConnecting, scanner.DeviceGone, scanner.DeviceFault),
	reflect.TypeFor[scanner.EffectKind](): strs(scanner.EffectUnitBooked, scanner.EffectUnitUndone, scanner.EffectParcelOpened, scanner.EffectParcelClosed, scanner.EffectParcelHeld,
		scanner.EffectParcelResumed, scanner.EffectAliasAdded, scanner.EffectConditionSet, scanner.EffectOperatorOn, scanner.EffectEmptyConfirmed, scanner.EffectJunkNoted,
		scanner.EffectParcelDocked, scanner.EffectParcelTurned, scanner.EffectDockNoted, scanner.EffectHandoverClosed),
	reflect.TypeFor[scanner.DeviceKind](): strs(scanner.KindScale, scanner.KindPrinter),
	reflect.TypeFor[scanner.PlateMode]():  strs(scanner.PlatesPreprinted),
	reflect.TypeFor[scanner.Code]():       strs(scanner.Codes...),
	reflect.TypeFor[guess.Code]():         strs(guess.Codes...),
}

func strs[S ~string](values ...S) []string {
	var out []string
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}

// schemas renders the types and all they hold, by name.
func schemas(roots ...reflect.Type) string {
	seen := map[string]reflect.Type{}
	for len(roots) > 0 {
		typ := roots[0]
		roots = roots[1:]
		if seen[typ.Name()] != nil {
			continue
		}
		seen[typ.Name()] = typ
		for _, member := range members(typ) {
			f := member.Type
			for f.Kind() == reflect.Pointer || f.Kind() == reflect.Slice {
				f = f.Elem()
			}
			if f.Kind() == reflect.Struct && f != reflect.TypeFor[time.Time]() {
				roots = append(roots, f)
			}
		}
	}
	var names []string
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	var out strings.Builder
	for _, name := range names {
		typ := seen[name]
		var required []string
		fmt.Fprintf(&out, "    %s:\n      type: object\n      properties:\n", name)
		for _, member := range members(typ) {
			tag, opts, _ := strings.Cut(member.Tag.Get("json"), ",")
			fmt.Fprintf(&out, "        %s: %s\n", tag, property(member, opts == ""))
			if opts == "" {
				required = append(required, tag)
			}
		}
		if len(required) > 0 {
			fmt.Fprintf(&out, "      required: [%s]\n", strings.Join(required, ", "))
		}
	}
	return out.String()
}

// members are the fields as they are written: those of an embedded struct are its holder's.
func members(typ reflect.Type) (out []reflect.StructField) {
	for i := range typ.NumField() {
		if f := typ.Field(i); f.Anonymous {
			out = append(out, members(f.Type)...)
		} else {
			out = append(out, f)
		}
	}
	return out
}

// property is the schema of a field. A pointer that is always written is null when it points to nothing.
func property(f reflect.StructField, always bool) string {
	if values := f.Tag.Get("enum"); values != "" {
		return fmt.Sprintf("{type: string, enum: [%s]}", strings.ReplaceAll(values, ",", ", "))
	}
	if always && f.Type.Kind() == reflect.Pointer {
		return fmt.Sprintf(`{anyOf: [%s, {type: "null"}]}`, schema(f.Type))
	}
	return schema(f.Type)
}

func schema(typ reflect.Type) string {
	switch {
	case typ == reflect.TypeFor[time.Time]():
		return "{type: string, format: date-time}"
	case typ == reflect.TypeFor[[]byte]():
		return "{type: string, contentEncoding: base64}"
	case enums[typ] != nil:
		return fmt.Sprintf("{type: string, enum: [%s]}", strings.Join(enums[typ], ", "))
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return schema(typ.Elem())
	case reflect.Slice:
		return "{type: array, items: " + schema(typ.Elem()) + "}"
	case reflect.Map:
		return "{type: object, additionalProperties: " + schema(typ.Elem()) + "}"
	case reflect.Struct:
		return fmt.Sprintf(`{$ref: "#/components/schemas/%s"}`, typ.Name())
	case reflect.String:
		return "{type: string}"
	case reflect.Bool:
		return "{type: boolean}"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "{type: integer, format: int64}"
	}
	panic(fmt.Sprintf("no schema for %v", typ))
}
