package main

import (
	"cmp"
	"fmt"
	"strings"
)

// payWord is one step of what can become of a purchase, as --then has it: a word, or a word and a number.
type payWord struct {
	name   string
	amount int64 // 0: the word has none
}

// payMeaning is what a word does, for --help.
type payMeaning struct {
	form  string // as it is written; N is an amount in the minor unit
	about string
}

func payMeanings() []payMeaning {
	return []payMeaning{
		{"ask", "0100: the purchase is asked for; with --unasked, for after what comes first"},
		{"duplicate", "0101: the same 0100 once more; answered from the record, nothing changes"},
		{"reverse", "0400: taken back in full, nothing stays held; before ask: the purchase is refused when it comes"},
		{"reverse:partial=N", "0400 with DE95: N stay held, the rest is released"},
		{"reverse:late", "0420 with DE39 68: the network never heard our answer; released, but after clear no money moves"},
		{"stand-in", "0120: the network approved in our place; held whatever we would say, and one hold where we approved too"},
		{"stand-in:N", "0120 of N: the hold becomes the advice's amount"},
		{"clear", "presented at what is held (else at what was asked); posted, the rest of the hold released"},
		{"clear:over=N", "presented at N more than is held; posted all the same, over unless its kind of merchant may"},
		{"clear:over", "the same with a tenth of what is held for N, at least 1"},
		{"clear:under=N", "presented at N less than is held; posted, the rest released"},
		{"clear:under", "the same with a tenth of what is held for N, at least 1"},
		{"clear:twice", "presented in two files under two references; both posted, the second told as over (double sale)"},
		{"refund", "0100 with DE3 20 announces a refund of what was posted (else asked), then clearing credits it"},
		{"refund:N", "the same for N"},
		{"refund:unlinked", "clearing credits what was posted (else asked) under references that lead to no purchase"},
	}
}

// payForms are the words that take a number: with what in front of it.
const (
	payAsk             = "ask"
	payDuplicate       = "duplicate"
	payReverse         = "reverse"
	payReversePart     = "reverse:partial="
	payReverseLate     = "reverse:late"
	payStandIn         = "stand-in"
	payStandInAmount   = "stand-in:"
	payClear           = "clear"
	payClearOver       = "clear:over="
	payClearUnder      = "clear:under="
	payClearOverTenth  = "clear:over"
	payClearUnderTenth = "clear:under"
	payClearTwice      = "clear:twice"
	payRefund          = "refund"
	payRefundAmount    = "refund:"
	payRefundUnlinked  = "refund:unlinked"
	payWordsMax        = 64
	payCheckAmountMost = 2 // up to this an authorization is a card check, and is not presented
)

// payTable is a line for each word.
func payTable() string {
	var b strings.Builder
	for _, m := range payMeanings() {
		fmt.Fprintf(&b, "  %-18s %s\n", m.form, m.about)
	}
	return strings.TrimRight(b.String(), "\n")
}

// parsePayWords reads --then.
func parsePayWords(text string) ([]payWord, error) {
	var words []payWord
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		word, err := parsePayWord(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	if len(words) > payWordsMax {
		return nil, fmt.Errorf("--then: expected at most %d words", payWordsMax)
	}
	return words, nil
}

func parsePayWord(text string) (payWord, error) {
	switch text {
	case payAsk, payDuplicate, payReverse, payReverseLate, payStandIn, payClear, payClearTwice, payClearOverTenth, payClearUnderTenth,
		payRefund, payRefundUnlinked:
		return payWord{name: text}, nil
	}
	for _, form := range []string{payReversePart, payStandInAmount, payClearOver, payClearUnder, payRefundAmount} {
		digits, ok := strings.CutPrefix(text, form)
		if !ok {
			continue
		}
		amount, err := parseAmount(digits)
		if err != nil {
			return payWord{}, fmt.Errorf("--then: %q: %w", form+"N", err)
		}
		return payWord{form, amount}, nil
	}
	forms := make([]string, 0, len(payMeanings()))
	for _, m := range payMeanings() {
		forms = append(forms, m.form)
	}
	meant := ""
	if near := nearest(text, forms); near != "" {
		meant = fmt.Sprintf(", did you mean %q?", near)
	}
	return payWord{}, fmt.Errorf("--then: %q is not known%s Expected some of %s, with commas between them and no comma in a number", text, cmp.Or(meant, "."), strings.Join(forms, ", "))
}

// nearMax is how many letters may differ between what was written and what was meant.
const nearMax = 3

// nearest is the word that what was written differs least from, or that it begins; empty where none is near.
func nearest(text string, words []string) (near string) {
	least := nearMax + 1
	for _, w := range words {
		away := differs(text, w)
		if text != "" && strings.HasPrefix(w, text) {
			away = min(away, 1)
		}
		if away < least && away < len(w) {
			least, near = away, w
		}
	}
	return near
}

// differs is how many letters are to be put in, left out or replaced to make one word of another.
func differs(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := corner
			if a[i] != b[j] {
				replaced++
			}
			corner = row[j+1]
			row[j+1] = min(replaced, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}

// String is the word as it is written.
func (w payWord) String() string {
	if w.amount == 0 {
		return w.name
	}
	return fmt.Sprintf("%s%d", w.name, w.amount)
}
