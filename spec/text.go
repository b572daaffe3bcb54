package spec

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The text form of a message: its MTI, then pairs of a word and a value, in the order of the data
// elements. What is zero is left out.
//
//	0100 card 354012******0015#<hash> pc 000000 amount 1200 currency JPY sent 2026-11-24T06:55:00Z stan 000001
//
// A card is shown masked, with its hash; what is read may be a whole number instead.

// textWord is one word of the text form: how it is written and how it is read back.
type textWord struct {
	word  string
	write func(r *Request) string
	read  func(r *Request, value string, h *Hasher) error
}

// The words are their own description of a message, so they are data.
func textWords() []textWord {
	return []textWord{
		{"card", func(r *Request) string { return r.Card.text() }, func(r *Request, v string, h *Hasher) (err error) {
			r.Card, err = parseCardText(v, h)
			return err
		}},
		bytesWord("pc", func(r *Request) []byte { return r.Processing[:] }),
		numberWord("amount", 0, func(r *Request) *Money { return &r.Amount }),
		currencyWord("currency", func(r *Request) *Currency { return &r.Currency }),
		numberWord("billing", 0, func(r *Request) *Money { return &r.Billing }),
		currencyWord("billing_currency", func(r *Request) *Currency { return &r.BillingCurrency }),
		instantWord("sent", func(r *Request) *int64 { return &r.Sent }),
		numberWord("stan", 6, func(r *Request) *uint32 { return &r.STAN }),
		numberWord("time", 6, func(r *Request) *uint32 { return &r.LocalTime }),
		numberWord("date", 4, func(r *Request) *uint16 { return &r.LocalDate }),
		numberWord("expiry", 4, func(r *Request) *uint16 { return &r.Expiry }),
		numberWord("mcc", 4, func(r *Request) *uint16 { return &r.MCC }),
		numberWord("entry", 3, func(r *Request) *uint16 { return &r.EntryMode }),
		numberWord("condition", 2, func(r *Request) *uint8 { return &r.Condition }),
		numberWord("acquirer", 0, func(r *Request) *Institution { return &r.Acquirer }),
		bytesWord("rrn", func(r *Request) []byte { return r.RRN[:] }),
		bytesWord("code", func(r *Request) []byte { return r.Approval[:] }),
		bytesWord("action", func(r *Request) []byte { return r.ActionCode[:] }),
		bytesWord("terminal", func(r *Request) []byte { return r.Terminal[:] }),
		bytesWord("merchant", func(r *Request) []byte { return r.Merchant[:] }),
		numberWord("conditions", 0, func(r *Request) *PointFlags { return &r.Conditions }),
		numberWord("network", 3, func(r *Request) *NetworkCode { return &r.Network }),
		numberWord("of_stan", 6, func(r *Request) *uint32 { return &r.Original.STAN }),
		instantWord("of_sent", func(r *Request) *int64 { return &r.Original.Sent }),
		numberWord("of_acquirer", 0, func(r *Request) *Institution { return &r.Original.Acquirer }),
		{"left", leftText, parseLeft},
	}
}

// String is the text form. It holds no more of a card number than may be shown.
func (r *Request) String() string {
	out := r.MTI.String()
	for _, w := range textWords() {
		if v := w.write(r); v != "" {
			out += " " + w.word + " " + v
		}
	}
	return out
}

// ParseRequest reads the text form. h hashes a card that is given as a whole number; it may be nil
// when none is. Words with spaces in them are written in Go's quotes. The error never repeats a
// card number.
func ParseRequest(text string, h *Hasher) (Request, error) {
	var r Request
	mti, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	n, err := strconv.ParseUint(mti, 10, 16)
	if err != nil || len(mti) != 4 {
		return r, fmt.Errorf("message text: expected an MTI of four digits first")
	}
	r.MTI = MTI(n)
	r.Class = r.MTI.Class()
	words := textWords()
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		word, value, after, err := textPair(rest)
		if err != nil {
			return r, err
		}
		at := 0
		for at < len(words) && words[at].word != word {
			at++
		}
		if at == len(words) {
			return r, fmt.Errorf("message text: %q is not a word of it", word)
		}
		if err := words[at].read(&r, value, h); err != nil {
			return r, fmt.Errorf("message text: %s: %w", word, err)
		}
		rest = after
	}
	r.Original.Present = r.Original != Original{}
	return r, nil
}

func textPair(text string) (word, value, rest string, err error) {
	word, rest, _ = strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	if quoted, qerr := strconv.QuotedPrefix(rest); qerr == nil {
		value, err = strconv.Unquote(quoted)
		return word, value, rest[len(quoted):], err
	}
	value, rest, _ = strings.Cut(rest, " ")
	if value == "" {
		return "", "", "", fmt.Errorf("message text: %s has no value", word)
	}
	return word, value, rest, nil
}

func numberWord[N ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64](word string, digits int, of func(*Request) *N) textWord {
	return textWord{
		word: word,
		write: func(r *Request) string {
			if *of(r) == 0 {
				return ""
			}
			return fmt.Sprintf("%0*d", digits, *of(r))
		},
		read: func(r *Request, v string, _ *Hasher) error {
			n, err := strconv.ParseInt(v, 10, 64)
			if *of(r) = N(n); err != nil || int64(*of(r)) != n {
				return fmt.Errorf("expected a number, found %d characters", len(v))
			}
			return nil
		},
	}
}

func bytesWord(word string, of func(*Request) []byte) textWord {
	return textWord{
		word: word,
		write: func(r *Request) string {
			v := text(of(r))
			if strings.ContainsAny(v, " \"`") {
				return strconv.Quote(v)
			}
			return v
		},
		read: func(r *Request, v string, _ *Hasher) error {
			into := of(r)
			if len(v) > len(into) {
				return fmt.Errorf("expected at most %d characters, found %d", len(into), len(v))
			}
			clear(into)
			copy(into, v)
			return nil
		},
	}
}

func currencyWord(word string, of func(*Request) *Currency) textWord {
	return textWord{
		word: word,
		write: func(r *Request) string {
			if *of(r) == 0 {
				return ""
			}
			return of(r).String()
		},
		read: func(r *Request, v string, _ *Hasher) error {
			c, err := ParseCurrency(v)
			if n, nerr := strconv.ParseUint(v, 10, 16); err != nil && nerr == nil {
				c, err = Currency(n), nil
			}
			*of(r) = c
			return err
		},
	}
}

func instantWord(word string, of func(*Request) *int64) textWord {
	return textWord{
		word: word,
		write: func(r *Request) string {
			if *of(r) == 0 {
				return ""
			}
			return time.Unix(*of(r), 0).UTC().Format(time.RFC3339)
		},
		read: func(r *Request, v string, _ *Hasher) error {
			t, err := time.Parse(time.RFC3339, v)
			*of(r) = t.Unix()
			return err
		},
	}
}

// leftText is DE95: an amount, "all" for zeros, "suspicious".
func leftText(r *Request) string {
	switch r.Replacement.Kind {
	case ReplacementZero:
		return "all"
	case ReplacementAmount:
		return strconv.FormatInt(int64(r.Replacement.Amount), 10)
	case ReplacementSuspicious:
		return "suspicious"
	case ReplacementAbsent:
	}
	return ""
}

func parseLeft(r *Request, v string, _ *Hasher) error {
	switch v {
	case "all":
		r.Replacement = Replacement{Kind: ReplacementZero}
	case "suspicious":
		r.Replacement = Replacement{Kind: ReplacementSuspicious}
	default:
		n, err := strconv.ParseInt(v, 10, 64)
		r.Replacement = Replacement{Kind: ReplacementAmount, Amount: Money(n)}
		return err
	}
	return nil
}

// text is the mask and the hash of a card.
func (c Card) text() string {
	if c.Length == 0 {
		return ""
	}
	return c.Masked() + "#" + hex.EncodeToString(c.Hash[:])
}

func parseCardText(v string, h *Hasher) (c Card, err error) {
	masked, hash, known := strings.Cut(v, "#")
	if !known {
		pan, err := ParsePAN(v)
		if err != nil || h == nil {
			return c, errPAN
		}
		return h.Card([]byte(pan.Digits())), nil
	}
	sum, err := hex.DecodeString(hash)
	if err != nil || len(sum) != len(c.Hash) || len(masked) < PANLengthMin || len(masked) > PANLengthMax {
		return c, fmt.Errorf("expected a mask and a hash")
	}
	c.Hash, c.Length, c.Luhn = CardHash(sum), uint8(len(masked)), true //nolint:gosec // at most 19
	copy(c.Range[:6], masked)
	copy(c.Last[:], masked[len(masked)-4:])
	return c, nil
}

// String is the text form of an answer: its reason and what it carries.
func (r Response) String() string {
	out := r.Reason.String()
	if r.Approval != (ApprovalCode{}) {
		out += " code " + r.Approval.String()
	}
	if r.Amount != 0 {
		out += fmt.Sprintf(" amount %d", r.Amount)
	}
	if b := r.Balance; b != nil {
		out += fmt.Sprintf(" available %d ledger %d", b.Available, b.Ledger)
	}
	switch {
	case r.Silent:
		out += " silent"
	case r.Repeat:
		out += " repeat"
	}
	return out
}
