package jobs

import "time"

// TimeLayout has every instant of UTC with three decimals.
const TimeLayout = "2006-01-02T15:04:05.000Z07:00"

// Time is an instant that JSON has in UTC and always with three decimals, as the wallet API has it.
type Time struct{ time.Time }

// MarshalJSON implements [json.Marshaler].
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(nil, `"`+TimeLayout+`"`), nil
}
