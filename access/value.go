// SPDX-License-Identifier: Apache-2.0

package access

import "strings"

const orgPrefix = "org:"

// value is a name that is asked for, and whose it may be.
type value struct {
	owners owners
	name   string
}

// owners is a set of those who can have something.
type owners uint8

const (
	organization owners = 1 << iota
	user
	anyone = organization | user
)

// heldBy lists the scopes of a token's features and plans.
var heldBy = map[string]owners{"o": organization, "u": user, "ou": anyone, "uo": anyone}

// askedOf lists the scopes that a feature or a plan can be asked for with.
var askedOf = map[string]owners{
	"o": organization, "org": organization, "organization": organization,
	"u": user, "user": user,
}

// ownerPrefixes is how owners are written, in messages.
var ownerPrefixes = [...]string{organization: orgPrefix, user: "user:", anyone: ""}

// String writes the value in one way, however it was written.
func (v value) String() string { return ownerPrefixes[v.owners] + v.name }

// organizations reads a role or a permission.
func organizations(text string) value {
	return value{owners: organization, name: withoutOrg(text)}
}

// withoutOrg takes off the prefix as often as it is there.
func withoutOrg(text string) string {
	for strings.HasPrefix(text, orgPrefix) {
		text = text[len(orgPrefix):]
	}
	return text
}

// entitlement reads a feature or a plan. What follows a second colon is not
// read, as in Clerk's SDK. Of a scope that is unknown it is nobody's.
func entitlement(text string) value {
	scope, rest, explicit := strings.Cut(text, ":")
	if !explicit {
		return value{owners: anyone, name: text}
	}
	name, _, _ := strings.Cut(rest, ":")
	return value{owners: askedOf[scope], name: name}
}
