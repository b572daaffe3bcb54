package dynamotest

import (
	"cmp"
	"crypto/md5" //nolint:gosec // an order as good as random
	"slices"
	"strconv"
)

// table holds items by pk, those of one pk in the order of sk. Its pks are in the order of a hash, as
// a scan goes through them.
type table struct {
	name    string
	shape   createTableInput
	backups bool
	ttl     bool
	pks     []hashed
	items   map[string][]item
	sks     map[string][]uint64
}

type hashed struct {
	hash [md5.Size]byte
	pk   string
}

func orderOf(pk string) hashed { return hashed{md5.Sum([]byte(pk)), pk} } //nolint:gosec // see above

func (h hashed) compare(other hashed) int {
	return cmp.Or(slices.Compare(h.hash[:], other.hash[:]), cmp.Compare(h.pk, other.pk))
}

func (t *table) find(pk string, sk uint64) item {
	if i, found := slices.BinarySearch(t.sks[pk], sk); found {
		return t.items[pk][i]
	}
	return nil
}

func (t *table) put(pk string, sk uint64, it item) {
	if _, known := t.items[pk]; !known {
		h := orderOf(pk)
		i, _ := slices.BinarySearchFunc(t.pks, h, hashed.compare)
		t.pks = slices.Insert(t.pks, i, h)
	}
	i, found := slices.BinarySearch(t.sks[pk], sk)
	if found {
		t.items[pk][i] = it
		return
	}
	t.sks[pk] = slices.Insert(t.sks[pk], i, sk)
	t.items[pk] = slices.Insert(t.items[pk], i, it)
}

func (t *table) remove(pk, sk string) bool {
	n, err := strconv.ParseUint(sk, 10, 64)
	i, found := slices.BinarySearch(t.sks[pk], n)
	if err != nil || !found {
		return false
	}
	t.sks[pk] = slices.Delete(t.sks[pk], i, i+1)
	t.items[pk] = slices.Delete(t.items[pk], i, i+1)
	return true
}

func (s *Server) table(name string) (*table, *failure) {
	if t := s.tables[name]; t != nil && s.making[name] == 0 {
		return t, nil
	}
	return nil, missing(name)
}

func missing(name string) *failure {
	return &failure{code: "ResourceNotFoundException", Message: "Requested resource not found: Table: " + name + " not found"}
}
