package main

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// What can be a card number (twelve digits or more, also in groups) or a key in hexadecimal.
var (
	digitRun = regexp.MustCompile(`[0-9](?:[ _.-]?[0-9]){11,}`)
	hexRun   = regexp.MustCompile(`[0-9A-Fa-f]{32,}`)
	fileID   = regexp.MustCompile(`^00[1-9][0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])000[0-9]{13}$`) // of clearing; no card number is in it, none has three zeros
	digit    = regexp.MustCompile(`[0-9A-Fa-f]`)

	tokenValue = regexp.MustCompile(`(\btoken["']?[ ]*:[ ]*)("[^"]*"|'[^']*'|[^,}\s]+)`)
)

// blank puts stars in place of whatever in a text could be a card number or a key, as long as it
// was: a caret below it stays where it belongs. Lines of a file that somebody else wrote are
// shown only through it.
func blank(text string) string {
	stars := func(run string) string {
		if fileID.MatchString(run) {
			return run
		}
		return digit.ReplaceAllString(run, "*")
	}
	return digitRun.ReplaceAllStringFunc(hexRun.ReplaceAllStringFunc(text, stars), stars)
}

// blankTokens does the same for a line of a configuration, where a token may stand in the clear.
func blankTokens(line string) string {
	return blank(tokenValue.ReplaceAllStringFunc(line, func(pair string) string {
		m := tokenValue.FindStringSubmatch(pair)
		return m[1] + strings.Repeat("*", utf8.RuneCountInString(m[2]))
	}))
}
