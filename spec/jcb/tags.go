package jcb

import (
	"fmt"

	"sekisho/spec/wire"
)

// unknownTag stands where elements cannot be followed any further.
const unknownTag = "??"

// privateTags are the elements of DE48, masked.
func privateTags(value []byte, raw bool) []Tag {
	var tags []Tag
	for at := 0; at < len(value); {
		t, ok := nextPrivateTag(value[at:])
		if !ok {
			return append(tags, Tag{ID: unknownTag, Name: "cannot be followed from here"})
		}
		body := append([]byte(nil), value[at+t.body:at+t.end]...)
		text := ""
		switch {
		case t.id == 1 || t.id == 2 || t.id == 21:
			text = string(blanked(body, []run{{0, len(body)}}, 1, 0))
		case t.id == 8 || value[at] < 0xF0 && raw:
			text = upperHex(body)
		case raw:
			decoded, _, err := wire.CP037().Decode(body, len(body))
			if err != nil {
				decoded = nil // it never fails for its own length
			}
			text = latin(decoded)
		default:
			text = latin(body)
		}
		tags = append(tags, Tag{ID: fmt.Sprintf("%02d", t.id), Name: privateTagName(t.id), Value: text})
		at += t.end
	}
	return tags
}

func privateTagName(id int) string {
	switch id {
	case 1:
		return "card verification value"
	case 2:
		return "e-commerce authentication"
	case 3:
		return "address verification"
	}
	return ""
}

// chipTags are the elements of DE55, masked; those inside a constructed one follow it.
func chipTags(value []byte) []Tag {
	if !chipReads(value) {
		return []Tag{{ID: unknownTag, Name: "cannot be read"}}
	}
	var tags []Tag
	for at := 0; at < len(value); {
		t, _ := nextChipTag(value[at:])
		body := value[at+t.body : at+t.end]
		tag := Tag{ID: fmt.Sprintf("%X", t.id), Name: chipTagName(t.id)}
		switch {
		case t.id == 0: // filling
		case secretChipTag(t.id):
			all := []byte(upperHex(body))
			tag.Value = string(blanked(all, []run{{0, len(all)}}, 1, 0))
			tags = append(tags, tag)
		case t.constructed:
			tags = append(append(tags, tag), chipTags(body)...)
		default:
			tag.Value = upperHex(body)
			tags = append(tags, tag)
		}
		at += t.end
	}
	return tags
}

// chipTagName is EMV's name of a tag that a card network sends (EMV book 3, annex A).
func chipTagName(id uint32) string {
	switch id {
	case 0x4F, 0x9F06:
		return "application identifier"
	case 0x50:
		return "application label"
	case 0x5A:
		return "card number"
	case 0x57:
		return "track 2 equivalent"
	case 0x5F2A:
		return "transaction currency"
	case 0x5F34:
		return "card sequence number"
	case 0x71, 0x72:
		return "issuer script"
	case 0x82:
		return "application interchange profile"
	case 0x84:
		return "dedicated file name"
	case 0x8A:
		return "authorization response code"
	case 0x91:
		return "issuer authentication data"
	case 0x95:
		return "terminal verification results"
	case 0x9A:
		return "transaction date"
	case 0x9C:
		return "transaction type"
	case 0x9F02:
		return "amount, authorized"
	case 0x9F03:
		return "amount, other"
	case 0x9F09:
		return "application version"
	case 0x9F10:
		return "issuer application data"
	case 0x9F1A:
		return "terminal country"
	case 0x9F1E:
		return "interface device serial number"
	case 0x9F26:
		return "application cryptogram"
	case 0x9F27:
		return "cryptogram information"
	case 0x9F33:
		return "terminal capabilities"
	case 0x9F34:
		return "cardholder verification results"
	case 0x9F35:
		return "terminal type"
	case 0x9F36:
		return "application transaction counter"
	case 0x9F37:
		return "unpredictable number"
	case 0x9F41:
		return "transaction sequence counter"
	case 0x9F53:
		return "transaction category"
	case 0x9F6E:
		return "form factor"
	}
	return ""
}
