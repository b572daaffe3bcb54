package cardnet

// shop is where a load buys.
type shop struct{ mcc, merchant, terminal, name string }

// shopAt is one of a few everyday shops. None is of a kind that a program might approve in
// part or hold more for than was asked.
func shopAt(pick uint64) shop {
	shops := [...]shop{
		{"5411", "PRACTICE0000001", "T0000001", "PRACTICE GROCER          TOKYO        JP"},
		{"5499", "PRACTICE0000002", "T0000021", "PRACTICE CORNER SHOP     OSAKA        JP"},
		{"5814", "PRACTICE003", "T0000301", "PRACTICE NOODLES         KYOTO        JP"},
		{"4111", "PRACTICE0000004", "G0000004", "PRACTICE RAILWAY         NAGOYA       JP"},
		{"5912", "PRACTICE0000005", "T0000005", "PRACTICE PHARMACY        SAPPORO      JP"},
		{"5942", "PRACTICE0000006", "WEB00001", "PRACTICE BOOKS (ONLINE)  FUKUOKA      JP"},
	}
	return shops[pick%uint64(len(shops))]
}

// entryAt is a way in which the card is read, DE22: chip, contactless, stripe and e-commerce;
// a phone at a gate or a till for QUICPay+.
func entryAt(dialect string, pick uint64) string {
	if dialect == DialectQUICPay {
		return [...]string{"071", "072"}[pick%2]
	}
	entries := [...]string{"051", "051", "071", "901", "810"}
	return entries[pick%uint64(len(entries))]
}
