// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// organization is the one that the emulated instance has.
type organization struct {
	ID, Slug, Name string
	// Features and Actions span the permissions; a role holds one mask per
	// feature, whose bits count the actions from the lowest.
	Features, Actions []string
	Masks             map[string][]string
}

var acme = organization{
	ID:       "org_acme",
	Slug:     "acme",
	Name:     "Acme",
	Features: []string{"dashboard", "teams"},
	Actions:  []string{"manage", "read"},
	Masks:    map[string][]string{"admin": {"3", "3"}, "member": {"2", "2"}},
}

// person is someone who can sign in. Role is empty for someone who belongs to
// no organization.
type person struct {
	Key, ID, Name, Email string
	Role                 string
	// Undecided people have to choose their organization first: their sessions
	// begin pending.
	Undecided bool
}

// directory holds those who can sign in.
type directory struct {
	known []person
	salt  []byte
}

func newDirectory() *directory {
	return &directory{
		salt: []byte(rand.Text()),
		known: []person{
			{Key: "alice", ID: "user_alice", Name: "Alice Adams", Email: "alice@example.com", Role: "admin"},
			{Key: "bob", ID: "user_bob", Name: "Bob Baker", Email: "bob@example.com", Role: "member"},
			{Key: "carol", ID: "user_carol", Name: "Carol Clarke", Email: "carol@example.com"},
			{Key: "dave", ID: "user_dave", Name: "Dave Dixon", Email: "dave@example.com", Role: "member", Undecided: true},
		},
	}
}

// find takes the short name of one of the known people or their user id.
func (d *directory) find(user string) (person, error) {
	i := slices.IndexFunc(d.known, func(p person) bool { return p.Key == user || p.ID == user })
	if i < 0 {
		return person{}, fmt.Errorf("unknown user: expected one of %s", strings.Join(d.keys(), ", "))
	}
	return d.known[i], nil
}

func (d *directory) keys() []string {
	keys := make([]string, len(d.known))
	for i, p := range d.known {
		keys[i] = p.Key
	}
	return keys
}

const maxNameBytes = 254

var errName = errors.New("expected 1 to 254 bytes of printable text")

// typed makes a person of whatever was typed instead of an e-mail address. The
// id looks random and follows from the text, so who returns is the same user
// without the emulator remembering anyone.
func (d *directory) typed(name string) (person, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > maxNameBytes || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return person{}, errName
	}
	mac := hmac.New(sha256.New, d.salt)
	mac.Write([]byte(name))
	id := base32.StdEncoding.EncodeToString(mac.Sum(nil))[:26]
	return person{ID: "user_" + id, Name: name, Email: name}, nil
}
