package gs1

import "fmt"

// Reason says in one word why a text was refused. It is stable.
type Reason string

// Reasons of Parse, ParseBracketed and ParseLink.
const (
	Empty        Reason = "empty"
	UnknownAI    Reason = "unknown_ai"
	TooShort     Reason = "too_short"
	TooLong      Reason = "too_long"
	Character    Reason = "character"   // not of the kind of the component
	Ambiguous    Reason = "ambiguous"   // a separator was lost; Refusal.Ways
	NoBracket    Reason = "bracket"     // the bracketed form does not begin with (AI)
	CheckDigit   Reason = "check_digit" //
	CheckPair    Reason = "check_pair"  // two check characters of a GMN or MUDI
	Prefix       Reason = "company_prefix"
	Date         Reason = "date"
	Time         Reason = "time"
	Country      Reason = "country"
	Currency     Reason = "currency"
	Place        Reason = "latitude_longitude"
	Percent      Reason = "percent_encoding"
	Zero         Reason = "zero"    // must not be zero, or must not begin with it
	NotZero      Reason = "nonzero" // must be zero
	YesNo        Reason = "yes_no"
	Winding      Reason = "winding"
	Hyphen       Reason = "hyphen"
	Position     Reason = "position" // "2/3", piece 02 of 03
	Package      Reason = "package_type"
	Media        Reason = "media_type"
	Sex          Reason = "sex"
	Importer     Reason = "importer_index"
	IBAN         Reason = "iban"
	DigitsOnly   Reason = "digits_only" // needs a character that is no digit
	Coupon       Reason = "coupon"
	NotLink      Reason = "not_a_link"      // no Digital Link URI at all: another address or another text
	Qualifier    Reason = "qualifier_order" // not a qualifier of this key, or not in order
	Attribute    Reason = "not_an_attribute"
	BelongsFirst Reason = "belongs_in_path"
	Twice        Reason = "twice"
)

// Refusal says why a text is not what it was taken for, and where.
type Refusal struct {
	Reason Reason
	AI     string    // the identifier whose value it is, if one was found
	At     int       // byte offset in the text
	Front  []Element // of Parse: what stands before, beyond doubt
	Ways   []Way     // of Ambiguous: how the rest can be read
}

func (r *Refusal) Error() string {
	if r.AI == "" {
		return fmt.Sprintf("%s at %d", r.Reason, r.At)
	}
	return fmt.Sprintf("(%s) %s at %d", r.AI, r.Reason, r.At)
}

// Way is one way to read a text that lost a separator.
type Way struct {
	Elements []Element `json:"elements"`
	// Likely: a date or a check digit fits where the way sees one. By chance that holds for one serial of 10 to 16 random digits in 600 to 1,200.
	Likely bool `json:"likely,omitempty"`
}
