package dynamotest

import (
	"slices"
	"strconv"
	"strings"
)

// The store reads consistently, always: a read that is not is refused, so that nobody forgets.
func consistent(c bool) *failure {
	if !c {
		return invalid("only consistent reads are known here")
	}
	return nil
}

// projected is an item as a projection shows it.
func projected(it item, expression string) (item, *failure) {
	if expression == "" || it == nil {
		return it, nil
	}
	shown := item{}
	for _, name := range strings.Split(expression, ", ") {
		if name != "pk" && name != "sk" {
			return nil, invalid("projection %q is not known here", expression)
		}
		shown[name] = it[name]
	}
	return shown, nil
}

type getItemInput struct {
	TableName              string
	Key                    item
	ConsistentRead         bool
	ProjectionExpression   string
	ReturnConsumedCapacity string
}

type getItemOutput struct {
	Item             item      `json:",omitempty"`
	ConsumedCapacity *capacity `json:",omitempty"`
}

func (s *Server) getItem(in *getItemInput) (*getItemOutput, *failure) {
	t, refusal := s.table(in.TableName)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := consistent(in.ConsistentRead); refusal != nil {
		return nil, refusal
	}
	pk, sk, refusal := in.Key.place()
	if refusal != nil {
		return nil, refusal
	}
	found := t.find(pk, sk)
	units := readUnits(found.size())
	s.read += units
	shown, refusal := projected(found, in.ProjectionExpression)
	return &getItemOutput{shown, s.reported(in.ReturnConsumedCapacity, in.TableName, units)}, refusal
}

type pageOutput struct {
	Items            []item
	Count            int
	ScannedCount     int
	LastEvaluatedKey item      `json:",omitempty"`
	ConsumedCapacity *capacity `json:",omitempty"`
}

// page fills a page until its limit of items or of bytes. next gives items until it gives nil.
func (s *Server) page(table string, limit int, projection, report string, next func() item) (*pageOutput, *failure) {
	out := &pageOutput{Items: []item{}}
	size := 0
	for it := next(); it != nil; it = next() {
		shown, refusal := projected(it, projection)
		if refusal != nil {
			return nil, refusal
		}
		out.Items = append(out.Items, shown)
		size += it.size()
		if len(out.Items) == limit || size > pageMax {
			pk, sk, _ := it.place()
			out.LastEvaluatedKey = keyItem(pk, sk)
			break
		}
	}
	out.Count, out.ScannedCount = len(out.Items), len(out.Items)
	units := readUnits(size)
	s.read += units
	out.ConsumedCapacity = s.reported(report, table, units)
	return out, nil
}

type queryInput struct {
	TableName                 string
	KeyConditionExpression    string
	ExpressionAttributeValues item
	ScanIndexForward          *bool
	ConsistentRead            bool
	Limit                     int
	ExclusiveStartKey         item
	ReturnConsumedCapacity    string
}

func (s *Server) query(in *queryInput) (*pageOutput, *failure) {
	t, refusal := s.table(in.TableName)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := consistent(in.ConsistentRead); refusal != nil {
		return nil, refusal
	}
	pk, least, most, refusal := in.span()
	if refusal != nil {
		return nil, refusal
	}
	sks := t.sks[pk]
	low, _ := slices.BinarySearch(sks, least)
	high, found := slices.BinarySearch(sks, most)
	if found {
		high++
	}
	down := in.ScanIndexForward != nil && !*in.ScanIndexForward
	if start := in.ExclusiveStartKey; start != nil {
		_, after, refusal := start.place()
		if refusal != nil {
			return nil, refusal
		}
		at, found := slices.BinarySearch(sks, after)
		if down {
			high = min(high, at)
		} else if found {
			low = max(low, at+1)
		} else {
			low = max(low, at)
		}
	}
	return s.page(in.TableName, in.Limit, "", in.ReturnConsumedCapacity, func() item {
		if low >= high {
			return nil
		}
		if down {
			high--
			return t.items[pk][high]
		}
		low++
		return t.items[pk][low-1]
	})
}

// span is the pk and the range of sk that a query asks for.
func (in *queryInput) span() (pk string, least, most uint64, refusal *failure) {
	p := in.ExpressionAttributeValues[":p"]
	if p.S == nil {
		return "", 0, 0, invalid("no value :p")
	}
	least, most = 0, 1<<64-1
	const all, up, down = "pk = :p", "pk = :p AND sk >= :v", "pk = :p AND sk <= :v"
	if in.KeyConditionExpression == all {
		return *p.S, least, most, nil
	}
	v, err := strconv.ParseUint(in.ExpressionAttributeValues[":v"].text(), 10, 64)
	if err != nil {
		return "", 0, 0, invalid("value :v: %v", err)
	}
	switch in.KeyConditionExpression {
	case up:
		least = v
	case down:
		most = v
	default:
		return "", 0, 0, invalid("key condition %q is not known here", in.KeyConditionExpression)
	}
	return *p.S, least, most, nil
}

type scanInput struct {
	TableName              string
	ProjectionExpression   string
	ConsistentRead         bool
	Limit                  int
	ExclusiveStartKey      item
	ReturnConsumedCapacity string
}

func (s *Server) scan(in *scanInput) (*pageOutput, *failure) {
	t, refusal := s.table(in.TableName)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := consistent(in.ConsistentRead); refusal != nil {
		return nil, refusal
	}
	at, within := 0, 0
	if start := in.ExclusiveStartKey; start != nil {
		pk, sk, refusal := start.place()
		if refusal != nil {
			return nil, refusal
		}
		at, _ = slices.BinarySearchFunc(t.pks, orderOf(pk), hashed.compare)
		var found bool
		if within, found = slices.BinarySearch(t.sks[pk], sk); found {
			within++
		}
	}
	return s.page(in.TableName, in.Limit, in.ProjectionExpression, in.ReturnConsumedCapacity, func() item {
		for at < len(t.pks) {
			if items := t.items[t.pks[at].pk]; within < len(items) {
				within++
				return items[within-1]
			}
			at, within = at+1, 0
		}
		return nil
	})
}
