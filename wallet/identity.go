package wallet

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// Scope is what a caller may do. Every route asks for one.
type Scope string

// The scopes.
const (
	WalletsRead      Scope = "wallets:read"
	WalletsWrite     Scope = "wallets:write"
	CardsRead        Scope = "cards:read"
	CardsWrite       Scope = "cards:write"
	AllocationsWrite Scope = "allocations:write"
	TransfersWrite   Scope = "transfers:write"
	TopUpsWrite      Scope = "topups:write"
	MembersWrite     Scope = "members:write"
	TiersWrite       Scope = "tiers:write"
	NumbersRead      Scope = "pan:read"
	NumbersWrite     Scope = "pan:write"
	Everything       Scope = "*" // all of them, also those to come
)

// Scopes are all scopes that a token can have.
func Scopes() []Scope {
	return []Scope{WalletsRead, WalletsWrite, CardsRead, CardsWrite, AllocationsWrite, TransfersWrite, TopUpsWrite, MembersWrite, TiersWrite, NumbersRead, NumbersWrite, Everything}
}

// Identity is who calls: an app server, and what it may do.
type Identity struct {
	Name     string // for records and logs, such as who revealed a number; never the token
	Tenant   string // whose wallets it works with
	Programs []string
	Scopes   []Scope
}

// May says whether the caller has the scope.
func (i *Identity) May(s Scope) bool {
	return s != "" && (slices.Contains(i.Scopes, s) || slices.Contains(i.Scopes, Everything))
}

// Serves says whether the caller may use the program.
func (i *Identity) Serves(program string) bool { return slices.Contains(i.Programs, program) }

// Authenticator finds out who calls. An error means nobody that is known; it is not shown to the caller.
type Authenticator interface {
	Authenticate(r *http.Request) (*Identity, error)
}

// Tokens are bearer tokens from the configuration, by the SHA-256 of each.
type Tokens []Token

// Token is one of them.
type Token struct {
	Hash     [sha256.Size]byte
	Identity Identity
}

// TokenHash is how a token is kept.
func TokenHash(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }

// ParseTokenHash reads the SHA-256 of a token, 64 hexadecimal digits. The error does not repeat it.
func ParseTokenHash(text string) (hash [sha256.Size]byte, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(hash) {
		return hash, errors.New("is no SHA-256: expected 64 hexadecimal digits")
	}
	return [sha256.Size]byte(b), nil
}

var errNobody = errors.New("no token that is known")

// Authenticate implements [Authenticator]. It compares with every token in a time that does not depend
// on how much is right.
func (t Tokens) Authenticate(r *http.Request) (*Identity, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return nil, errNobody
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, errNobody
	}
	hash := TokenHash(token)
	var who *Identity
	for i := range t {
		if subtle.ConstantTimeCompare(hash[:], t[i].Hash[:]) == 1 {
			who = &t[i].Identity
		}
	}
	if who == nil {
		return nil, errNobody
	}
	return who, nil
}
