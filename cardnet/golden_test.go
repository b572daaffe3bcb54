package cardnet

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

// The frames are written by hand from the description of the dialect, an element at a time;
// nothing in them comes from the codec that they judge.

const goldenSignOn = "F0F8F0F0822000008000000004000000100000000921180513002323088871500000010888791000"

func goldenPurchase() string {
	return strings.Join([]string{
		"F0F1F0F0",               // 0100 in EBCDIC
		"F23C448188E18008",       // bitmap: 1-4 7, 11-14, 18 22, 25 32, 33 37, 41-43 48, 49, 61
		"0000000010000000",       // bitmap: 100
		"10", "3540120000000007", // DE2: 16 digits
		"000000",         // DE3 purchase
		"000000001200",   // DE4 1,200 yen
		"0921180513",     // DE7 21 September 18:05:13 UTC
		"000123",         // DE11
		"030513",         // DE12 the next morning in Japan
		"0922",           // DE13
		"2912",           // DE14
		"5411",           // DE18
		"8100",           // DE22 810, the pad nibble on the right
		"00",             // DE25
		"08", "88711234", // DE32: 8 digits
		"08", "88715000", // DE33
		"F0F0F0F0F0F0F0F0F0F0F4F2", // DE37 000000000042
		"E3F0F0F0F0F0F0F1",         // DE41 T0000001
		"D7D9C1C3E3C9C3C5F0F0F3",   // DE42 PRACTICE003
		"40404040",                 // filled up with spaces
		"E2C8D6D7404DF15D",         // DE43 SHOP (1)
		strings.Repeat("40", 32),   // filled up with spaces
		"18", "F0F2F2F0",           // DE48: 24 bytes, tag 02 of
		strings.Repeat("00", 12), // twenty raw ones
		"04A77C2028C99E17",       //
		"F3F9F2",                 // DE49 yen
		"06", "F0F0F0F3F9F2",     // DE61: 6 characters
		"08", "88791000", // DE100
	}, "")
}

func goldenCancel() string {
	return strings.Join([]string{
		"F0F4F2F0",               // 0420
		"F23844818CC08000",       // bitmap: 1-4 7, 11-13, 18 22, 25 32, 33 37 38, 41 42, 49
		"0000004210000000",       // bitmap: 90 95, 100
		"10", "3540120000000007", // DE2
		"000000",         // DE3
		"000000001200",   // DE4 the amount of the purchase
		"0921180600",     // DE7 of the cancel
		"000777",         // DE11 of the cancel
		"030600", "0922", // DE12, 13
		"5411", "8100", "00", // DE18, 22, 25
		"08", "88711234", // DE32
		"08", "88715000", // DE33
		"F0F0F0F0F0F0F0F0F0F0F4F2",           // DE37 of the purchase
		"F7F3F1F2F0F0",                       // DE38 731200
		"E3F0F0F0F0F0F0F1",                   // DE41
		"D7D9C1C3E3C9C3C5F0F0F3", "40404040", // DE42
		"F3F9F2", // DE49
		"0100" + "000123" + "0921180513" + "00088711234" + "00088715000", // DE90, as ISO 8583 says
		"F0F0F0F0F0F0F0F0F0F5F0F0", strings.Repeat("F0", 30),             // DE95: 500 yen are left
		"08", "88791000", // DE100
	}, "")
}

// goldenTap is what differs in a purchase by phone: its entry mode, no DE48, and chip data.
func goldenTap() string {
	f := strings.Replace(goldenPurchase(), "F23C448188E18008", "F23C448188E08208", 1) // DE48 goes, DE55 comes
	f = strings.Replace(f, "8100", "0710", 1)
	head, tail, _ := strings.Cut(f, "18F0F2F2F0")
	_, tail, _ = strings.Cut(tail, "04A77C2028C99E17")
	chip := strings.Join([]string{
		"9F2608" + "04A77C2028C99E17",
		"9F2701" + "80",
		"9F1007" + "06010A03A00000",
		"9F3704" + "04A77C20",
		"9F3602" + "007B",     // 123
		"9505" + "0000000000", //
		"9A03" + "260922",     // the date in Japan
		"9C01" + "00",
		"9F0206" + "000000001200",
		"5F2A02" + "0392",
		"8202" + "1800",
		"9F1A02" + "0392",
	}, "")
	return head + "F3F9F2" + "004B" + chip + strings.TrimPrefix(tail, "F3F9F2") // two length bytes: 75
}

func TestFramesAreWhatTheDialectDescribes(t *testing.T) {
	n := offline(Config{})
	at := time.Date(2026, 9, 21, 18, 5, 13, 0, time.UTC)
	p := &Purchase{
		Card: card(t, 0, "2912"), Amount: 1200, Merchant: "PRACTICE003", Shop: "SHOP (1)", Entry: "810",
		STAN: 123, RRN: "000000000042", At: at,
	}
	n.complete(p)
	n.serial.Store(2322 - 1)
	signOn := n.management(mtiNetwork, SignOn, at)
	asked := n.authorization(p)
	tap := *p
	tap.Entry = "071"
	tapped := n.authorization(&tap)
	n.serial.Store(776 - 1)
	p.Approval = "731200"
	cancelled := n.reversal(mtiReversalAdvice, p, 500, time.Date(2026, 9, 21, 18, 6, 0, 0, time.UTC))
	for _, c := range []struct {
		name, want string
		message    message
	}{
		{"a sign-on", goldenSignOn, signOn},
		{"a purchase", goldenPurchase(), asked},
		{"a purchase by phone", goldenTap(), tapped},
		{"a cancel in part", goldenCancel(), cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			packed, err := c.message.pack(n.table)
			if err != nil {
				t.Fatal(err)
			}
			frame, err := packed.Pack()
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.ToUpper(hex.EncodeToString(frame)); got != c.want {
				t.Errorf("the frame differs from the golden one from offset %d of its hex on", differs(got, c.want))
			}
			back, err := decode(n.table, frame)
			if err != nil {
				t.Fatalf("its own frame cannot be read: %v", err)
			}
			if again := unpack(back); len(again.elements) != len(c.message.elements) || again.mti != c.message.mti {
				t.Errorf("%d elements of type %s came back, %d of %s went in", len(again.elements), again.mti, len(c.message.elements), c.message.mti)
			}
		})
	}
}

func TestOriginalsAreWrittenInBothWaysThatPeersUse(t *testing.T) {
	n := offline(Config{})
	at := time.Date(2026, 9, 21, 18, 5, 13, 0, time.UTC)
	for name, c := range map[string]struct {
		stan uint32
		want string
	}{
		"as ISO 8583 says":                         {123, "0100" + "000123" + "0921180513" + "00088711234" + "00088715000"},
		"the answer's type and zeros on the right": {124, "0110" + "000124" + "0921180513" + "88711234000" + "88715000000"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := n.original(&Purchase{STAN: c.stan, At: at}); got != c.want {
				t.Errorf("DE90 is %s, want %s", got, c.want)
			}
		})
	}
}

func TestBytesThatTheDialectDoesNotHaveAreRefused(t *testing.T) {
	table := newTable()
	for name, frame := range map[string]string{
		"a byte after the last element":           goldenSignOn + "00",
		"a pad nibble that is not zero":           strings.Replace(goldenSignOn, "0888791000", "0788791000", 1),
		"a nibble above nine":                     strings.Replace(goldenSignOn, "002323", "00232A", 1),
		"a length above the element's longest":    strings.Replace(goldenSignOn, "0888791000", "0C88791000", 1),
		"an element that is cut off":              goldenSignOn[:len(goldenSignOn)-2],
		"an element that the table does not have": strings.Replace(goldenSignOn, "8220000080000000", "8220000080000008", 1),
		"nothing": "",
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := hex.DecodeString(frame)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := decode(table, raw); err == nil {
				t.Error("it was accepted")
			}
		})
	}
}

func TestTextIsCodePage037(t *testing.T) {
	// Where the code pages 037, 500 and 1047 part: from the table of code page 037.
	for char, want := range map[string]byte{"[": 0xBA, "]": 0xBB, "!": 0x5A, "|": 0x4F, "^": 0xB0, "A": 0xC1, "9": 0xF9, " ": 0x40} {
		got, err := text{}.Encode([]byte(char))
		if err != nil || got[0] != want {
			t.Errorf("%q is %X, want %X (%v)", char, got, want, err)
		}
		back, _, err := text{}.Decode([]byte{want}, 1)
		if err != nil || string(back) != char {
			t.Errorf("%X is %q, want %q (%v)", want, back, char, err)
		}
	}
}

// differs is where two texts part.
func differs(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
