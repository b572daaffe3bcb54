package teller

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"sekisho/balance"
	"sekisho/spec"
)

// Caller is who asks.
type Caller struct {
	Tenant   string   // whose wallets it may work with, at most TenantMax bytes
	Programs []string // the programs it may work with; none: nothing
	Actor    string   // for the log: at most TenantMax bytes, the rest is cut
}

// Call is one request for a change. The same Key with the same Tenant and Route is the same request: it is
// done once, and what is asked again within KeysKept is answered with what was done then, on any node. A
// request that was refused is decided afresh; it leaves no trace, but that the key of a transfer stays that of the
// transfer.
type Call struct {
	Caller
	Route   string           // method and path as called
	Key     string           // the Idempotency-Key
	Body    spec.Fingerprint // hash of the request's body
	IfMatch uint64           // the version that the wallet must have (of a transfer: the sender); 0: any
}

// TenantMax bounds the name of a tenant, in bytes.
const TenantMax = balance.LogNameMax

// sees says whether the wallet is there for the caller. What is another's is answered like what is not
// there at all. A seeded wallet has no tenant: it is that of the only tenant with its program, and of none
// where several have it.
func (t *Teller) sees(c *Caller, w *balance.Wallet) bool {
	if w.Version == 0 || w.Program == "" || !slices.Contains(c.Programs, w.Program) {
		return false
	}
	if w.Tenant == "" {
		return !t.options.Shared[w.Program]
	}
	return w.Tenant == c.Tenant
}

func (c *Caller) actor() balance.Actor {
	return balance.Actor{Kind: balance.ActorCaller, Name: cut(c.Actor, TenantMax)}
}

// key is what the call is remembered by.
func (c *Call) key() balance.Key { return balance.CallKey("api", c.Tenant, c.Route, c.Key) }

// print tells the call from another with the same key: by its body, and by what its path names.
func (c *Call) print(words ...string) spec.Fingerprint {
	k := balance.CallKey(words...)
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(k[:], uint64(c.Body)))
	return spec.Fingerprint(binary.BigEndian.Uint64(sum[:]))
}

// WalletID is the id of the wallet that a call with this key opens: the same on every node, and not to be
// guessed from tenant and key.
func (t *Teller) WalletID(tenant, key string) string {
	return "wal_" + hex.EncodeToString(t.secret("wallet", tenant, key))
}

// Person is the id of the person whom a tenant calls so: the same on every node, and not to be guessed from
// tenant and subject.
func (t *Teller) Person(tenant, subject string) spec.PersonID {
	return spec.PersonID(t.secret("person", tenant, subject))
}

// secret is twelve bytes of a keyed hash over words. It begins with a letter, so it is that of no number.
func (t *Teller) secret(words ...string) []byte {
	k := balance.CallKey(words...)
	sum := t.options.Hash(append([]byte("id "), k[:]...))
	return sum[:12]
}

// personLog is the log of a person as a tenant knows them; empty for nobody. The same id with another tenant
// is another person, so that none can take up or look for what is another's.
func personLog(tenant string, person spec.PersonID) string {
	if person == (spec.PersonID{}) {
		return ""
	}
	return "per_" + hex.EncodeToString(name("person log", tenant, person.String()))
}

// name is twelve bytes of a hash over words.
func name(words ...string) []byte {
	k := balance.CallKey(words...)
	return k[1:13]
}

// ParseCard reads the id of a card: crd_ and 24 hexadecimal digits.
func ParseCard(text string) (id spec.CardID, ok bool) {
	ok = parse(text, "crd_", id[:])
	return id, ok
}

// ParsePerson reads the id of a person: per_ and 24 hexadecimal digits, not all zero, which is nobody's.
func ParsePerson(text string) (id spec.PersonID, ok bool) {
	ok = parse(text, "per_", id[:])
	return id, ok && id != spec.PersonID{}
}

func parse(text, prefix string, into []byte) bool {
	digits, ok := strings.CutPrefix(text, prefix)
	if !ok || len(digits) != hex.EncodedLen(len(into)) || strings.ToLower(digits) != digits {
		return false
	}
	_, err := hex.Decode(into, []byte(digits))
	return err == nil
}
