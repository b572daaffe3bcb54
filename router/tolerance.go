package router

import "sekisho/spec"

// Tolerances are how far clearing may come above what was authorized before it is told as over, by the
// class of its merchant. It is posted in any case: these only sort what people look at.
type Tolerances struct {
	Default int // percent
	Dining  int // restaurants, bars, taxis: percent
	Lodging int // hotels, car hire: percent
	Foreign int // another currency than the program's, where the class allows less: percent

	FuelMax           spec.Money // the whole sale, where a pump asked for next to nothing
	FuelAuthorizedMax spec.Money // what counts as next to nothing
}

// DefaultTolerances are those of DOMAIN §3.
func DefaultTolerances() Tolerances {
	return Tolerances{Dining: 20, Lodging: 15, Foreign: 5, FuelMax: 30_000, FuelAuthorizedMax: 2}
}

// merchantClass is what kind of merchant a category code (ISO 18245) means for clearing.
type merchantClass uint8

const (
	classDefault merchantClass = iota
	classDining
	classLodging
	classFuel
)

func classOf(mcc uint16) merchantClass {
	switch {
	case mcc >= 5811 && mcc <= 5814, mcc == 4121:
		return classDining
	case mcc == 5541, mcc == 5542:
		return classFuel
	case mcc != cruise && isLodging(mcc):
		return classLodging
	}
	return classDefault
}

// cruise lines hold money for long, as hotels do, but present what was asked.
const cruise = 4411

// limit is the most that a class may present of what was authorized.
func (t *Tolerances) limit(authorized spec.Money, class merchantClass, foreign bool) spec.Money {
	if class == classFuel && authorized <= t.FuelAuthorizedMax {
		return max(t.FuelMax, authorized)
	}
	percent := t.Default
	switch class {
	case classDining:
		percent = t.Dining
	case classLodging:
		percent = t.Lodging
	case classFuel, classDefault:
	}
	if foreign {
		percent = max(percent, t.Foreign)
	}
	return authorized + authorized/100*spec.Money(percent) + authorized%100*spec.Money(percent)/100
}

// tolerated says whether a merchant of this kind may present this much of what was authorized.
func (p *Program) tolerated(amount, authorized spec.Money, mcc uint16, foreign bool) bool {
	return amount <= p.Tolerances.limit(authorized, classOf(mcc), foreign)
}
