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

// Password is everybody's, for Clerk's own client. The plain sign-in page asks for
// none.
const Password = "emulator"

// roles are a person's by the id of the organization.
type roles map[string]string

// person is someone who can sign in.
type person struct {
	Key, ID, Name, Email string
	Roles                roles
	// Undecided people have to choose their organization first: their sessions
	// begin pending.
	Undecided bool
}

// Role is the person's in the organization that a session begins with, empty for
// none.
func (p person) Role() string { return p.Roles[acme.ID] }

// Standing says in words what the person is where.
func (p person) Standing() string {
	if p.Undecided {
		return "pending"
	}
	var list []string
	for _, o := range organizations {
		if role := p.Roles[o.ID]; role != "" {
			list = append(list, role+" of "+o.Slug)
		}
	}
	if len(list) == 0 {
		return "no organization"
	}
	return strings.Join(list, ", ")
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
			{Key: "alice", ID: "user_alice", Name: "Alice Adams", Email: "alice@example.com", Roles: roles{acme.ID: "admin", globex.ID: "member"}},
			{Key: "bob", ID: "user_bob", Name: "Bob Baker", Email: "bob@example.com", Roles: roles{acme.ID: "member", globex.ID: "admin"}},
			{Key: "carol", ID: "user_carol", Name: "Carol Clarke", Email: "carol@example.com"},
			{Key: "dave", ID: "user_dave", Name: "Dave Dixon", Email: "dave@example.com", Roles: roles{acme.ID: "member"}, Undecided: true},
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

// signingIn gives the person whom someone at a sign-in names: one of the known by
// e-mail address or short name, and anybody by an e-mail address.
func (d *directory) signingIn(identifier string) (person, bool) {
	identifier = strings.TrimSpace(identifier)
	i := slices.IndexFunc(d.known, func(p person) bool {
		return p.Key == identifier || strings.EqualFold(p.Email, identifier)
	})
	if i >= 0 {
		return d.known[i], true
	}
	name, host, _ := strings.Cut(identifier, "@")
	if name == "" || host == "" {
		return person{}, false
	}
	p, err := d.typed(identifier)
	return p, err == nil
}
