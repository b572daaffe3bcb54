package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Quantities are kept as they are written and read when they are checked: so an error can show
// the line, which a decoder of YAML cannot for types of one's own.

// period is a length of time: 500ms, 20s, 36h, 7d.
type period string

// value is the time; 0 when nothing is written.
func (p period) value() (time.Duration, error) {
	if p == "" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(string(p), "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err == nil {
			return time.Duration(n) * 24 * time.Hour, nil //nolint:gosec // at most 65,535 days
		}
	}
	d, err := time.ParseDuration(string(p))
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time: expected one such as 500ms, 20s, 36h or 7d", string(p))
	}
	return d, nil
}

// size is a number of bytes: 4096, 64KiB, 64MiB, 1GiB.
type size string

// value is the bytes; 0 when nothing is written.
func (s size) value() (int64, error) {
	if s == "" {
		return 0, nil
	}
	digits, shift := string(s), 0
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if short, ok := strings.CutSuffix(digits, unit); ok {
			digits, shift = strings.TrimSpace(short), 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q is not a size: expected bytes, such as 4096, 64KiB or 64MiB", string(s))
	}
	return n << shift, nil
}

// count is a whole number that is not negative.
type count string

// value is the number; 0 when nothing is written.
func (c count) value() (int64, error) {
	if c == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(c), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a number: expected a whole one, 0 or more", string(c))
	}
	return n, nil
}
