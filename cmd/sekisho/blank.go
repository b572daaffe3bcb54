package main

import "regexp"

// What can be a card number (twelve digits or more, also in groups) or a key in hexadecimal.
var (
	digitRun = regexp.MustCompile(`[0-9](?:[ _.-]?[0-9]){11,}`)
	hexRun   = regexp.MustCompile(`[0-9A-Fa-f]{32,}`)
	digit    = regexp.MustCompile(`[0-9A-Fa-f]`)
)

// blank puts stars in place of whatever in a text could be a card number or a key, as long as it
// was: a caret below it stays where it belongs. Lines of a file that somebody else wrote are
// shown only through it.
func blank(text string) string {
	stars := func(run string) string { return digit.ReplaceAllString(run, "*") }
	return digitRun.ReplaceAllStringFunc(hexRun.ReplaceAllStringFunc(text, stars), stars)
}
