package clearing

import (
	"strings"
	"time"
)

// number reads ASCII digits, at most 19.
func number(ascii []byte) uint64 {
	var n uint64
	for _, c := range ascii {
		n = n*10 + uint64(c-'0')
	}
	return n
}

func allDigits(ascii []byte) bool {
	for _, c := range ascii {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// leftZeros fills digits up to a size; a longer text stays as it is.
func leftZeros(digits string, size int) string {
	return strings.Repeat("0", max(0, size-len(digits))) + digits
}

var daysIn = [13]uint64{1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}

// dayOf is midnight of a YYMMDD in this century, in Unix seconds as though its zone were UTC; ok
// is false when there is no such day.
func dayOf(yymmdd []byte) (unix int64, ok bool) {
	year, month, day := number(yymmdd[:2]), number(yymmdd[2:4]), number(yymmdd[4:6])
	if month < 1 || month > 12 || day < 1 || day > daysIn[month] || month == 2 && day == 29 && year%4 != 0 {
		return 0, false
	}
	return time.Date(2000+int(year), time.Month(month), int(day), 0, 0, 0, 0, time.UTC).Unix(), true //nolint:gosec // two digits each
}

// instantOf is a YYMMDDhhmmss in this century, in the same way.
func instantOf(ascii []byte) (unix int64, ok bool) {
	unix, ok = dayOf(ascii[:6])
	hour, minute, second := number(ascii[6:8]), number(ascii[8:10]), number(ascii[10:12])
	if !ok || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return unix + int64(hour*3600+minute*60+second), true //nolint:gosec // less than a day
}
