package main

import (
	"strings"

	"sekisho/router"
	"sekisho/spec"
)

// tolerances reads how far clearing may come above its authorization.
func (k *configCheck) tolerances(at string, c *toleranceConfig) router.Tolerances {
	t := router.DefaultTolerances()
	for _, p := range []struct {
		key     string
		written count
		to      *int
	}{{"default", c.Default, &t.Default}, {"dining", c.Dining, &t.Dining}, {"lodging", c.Lodging, &t.Lodging}, {"foreign", c.Foreign, &t.Foreign}} {
		if p.written != "" {
			*p.to = k.number(at+p.key, p.written, 0, 100)
		}
	}
	for _, m := range []struct {
		key     string
		written count
		to      *spec.Money
	}{{"fuel_max", c.FuelMax, &t.FuelMax}, {"fuel_authorized_max", c.FuelAuthorizedMax, &t.FuelAuthorizedMax}} {
		if m.written != "" {
			*m.to = spec.Money(k.number(at+m.key, m.written, 0, moneyMax))
		}
	}
	return t
}

// institutionMax is how many digits an institution has at most.
const institutionMax = 11

// institution reads the digits of an institution; 0 when none are written.
func (k *configCheck) institution(path, digits string) spec.Institution {
	if digits == "" {
		return 0
	}
	if len(digits) > institutionMax || strings.Trim(digits, "0123456789") != "" {
		k.fail(path, "%q is not an institution: expected up to %d digits, in quotes", digits, institutionMax)
		return 0
	}
	i := spec.ParseInstitution([]byte(digits))
	if i == 0 {
		k.fail(path, "zeros name no institution: expected its digits")
	}
	return i
}
