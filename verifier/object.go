// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// object is what is asked of a JSON object: its text, and where in it those of
// its members stand that have a meaning here. Names are compared exactly; of
// duplicates the last counts, as in JSON.parse. All other members are read
// past, however many there are.
type object struct {
	text    string
	members [numMembers]span
}

// span is a part of a text: small, since most members are not there.
type span struct{ from, to uint16 }

// member is a name that has a meaning in a header, a payload, or an object in
// a payload.
type member int

const (
	memberActor member = iota
	memberAlgorithm
	memberAudience
	memberAuthorizedParty
	memberCategory
	memberClientID
	memberCritical
	memberExpiry
	memberFactorAges
	memberFeatures
	memberHandshake
	memberID
	memberIssuedAt
	memberIssuer
	memberKeyID
	memberMasks
	memberNotBefore
	memberOrganization
	memberOrganizationID
	memberOrganizationPermissions
	memberOrganizationRole
	memberOrganizationSlug
	memberPermissions
	memberPlans
	memberRole
	memberScope
	memberScopeList
	memberScopes
	memberSessionID
	memberSlug
	memberStatus
	memberSubject
	memberTokenID
	memberType
	memberVersion
	memberKind
	numMembers
)

// memberNames lists the members by their names on the wire.
var memberNames = map[string]member{
	"act":             memberActor,
	"alg":             memberAlgorithm,
	"aud":             memberAudience,
	"azp":             memberAuthorizedParty,
	"cat":             memberCategory,
	"client_id":       memberClientID,
	"crit":            memberCritical,
	"exp":             memberExpiry,
	"fea":             memberFeatures,
	"fpm":             memberMasks,
	"fva":             memberFactorAges,
	"handshake":       memberHandshake,
	"iat":             memberIssuedAt,
	"id":              memberID,
	"iss":             memberIssuer,
	"jti":             memberTokenID,
	"kid":             memberKeyID,
	"nbf":             memberNotBefore,
	"o":               memberOrganization,
	"org_id":          memberOrganizationID,
	"org_permissions": memberOrganizationPermissions,
	"org_role":        memberOrganizationRole,
	"org_slug":        memberOrganizationSlug,
	"per":             memberPermissions,
	"pla":             memberPlans,
	"rol":             memberRole,
	"scope":           memberScope,
	"scopes":          memberScopes,
	"scp":             memberScopeList,
	"sid":             memberSessionID,
	"slg":             memberSlug,
	"sts":             memberStatus,
	"sub":             memberSubject,
	"typ":             memberType,
	"type":            memberKind,
	"v":               memberVersion,
}

// namesByInitial are memberNames by what they begin with: so few begin alike
// that to go through them is less work than to look one up in a map.
var namesByInitial = func() (table [256][]namedMember) {
	for name, m := range memberNames {
		table[name[0]] = append(table[name[0]], namedMember{name, m})
	}
	return table
}()

type namedMember struct {
	name string
	member
}

// memberOf gives the member of a name that has a meaning here.
func memberOf(name string) (m member, ok bool) {
	if name == "" {
		return 0, false
	}
	for _, known := range namesByInitial[name[0]] {
		if known.name == name {
			return known.member, true
		}
	}
	return 0, false
}

var (
	errNull = errors.New("expected a JSON object, got null")
	// errNotJSON stands for the decoder's own error, which would quote the token.
	errNotJSON = errors.New("expected JSON")
)

// read finds the members in a text of no more than MaxTokenSize bytes. A JSON
// value that is neither an object nor null has none; the checks that follow
// refuse a token for what it lacks, with the same reasons as Clerk's SDK.
func (o *object) read(text string) error {
	o.text = text
	at := skipSpace(text, 0)
	if !isAt(text, at, '{') {
		return checkOther(text)
	}
	at = skipSpace(text, at+1)
	for more := !isAt(text, at, '}'); more; {
		if at, more = o.readMember(at); at == notJSON {
			return errNotJSON
		}
	}
	if skipSpace(text, at+1) != len(text) {
		return errNotJSON
	}
	return nil
}

// checkOther tells whether a text can be read that is no object.
func checkOther(text string) error {
	if !json.Valid([]byte(text)) {
		return errNotJSON
	}
	if strings.TrimSpace(text) == "null" {
		return errNull
	}
	return nil
}

// readMember reads the member that begins at an index, and gives that of the
// next one, or else of the brace that ends the object.
func (o *object) readMember(at int) (next int, more bool) {
	nameEnd, value := endOfName(o.text, at)
	if value == notJSON {
		return notJSON, false
	}
	name := o.text[at+1 : nameEnd-1]
	if strings.IndexByte(name, '\\') >= 0 {
		name = unquote(o.text[at:nameEnd])
	}
	end := endOfValue(o.text, value, usualDepth)
	if end == notJSON {
		return notJSON, false
	}
	if m, ok := memberOf(name); ok {
		o.members[m] = span{uint16(value), uint16(end)} //nolint:gosec // The text is not as long.
	}
	switch at = skipSpace(o.text, end); {
	case isAt(o.text, at, ','):
		return skipSpace(o.text, at+1), true
	case isAt(o.text, at, '}'):
		return at, false
	default:
		return notJSON, false
	}
}

// nested reads a member that is an object.
func (o *object) nested(m member) (inner object, ok bool) {
	raw := o.raw(m)
	if raw == "" || raw[0] != '{' {
		return inner, false
	}
	return inner, inner.read(raw) == nil
}

// unquote decodes a JSON string, most of which hold nothing to decode.
func unquote(raw string) string {
	plain := raw[1 : len(raw)-1]
	if strings.IndexByte(plain, '\\') < 0 && utf8.ValidString(plain) {
		return plain
	}
	var decoded string
	if json.Unmarshal([]byte(raw), &decoded) != nil {
		return ""
	}
	return decoded
}

// raw gives a member as it is written; empty for one that is not there.
func (o *object) raw(m member) string {
	s := o.members[m]
	return o.text[s.from:s.to]
}

func (o *object) has(m member) bool { return o.members[m].to > 0 }

// string gives a member that is a string.
func (o *object) string(m member) (string, bool) {
	raw := o.raw(m)
	if raw == "" || raw[0] != '"' {
		return "", false
	}
	return unquote(raw), true
}

// number gives a member that is a number, NaN if it is none or none that a
// float64 can hold.
func (o *object) number(m member) float64 {
	raw := o.raw(m)
	if raw == "" || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return math.NaN()
	}
	if whole, err := strconv.Atoi(raw); err == nil {
		return float64(whole)
	}
	number, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return math.NaN()
	}
	return number
}

// compared gives a member as the number that JavaScript takes it for in a
// comparison (ECMA-262, section 7.1.4).
func (o *object) compared(m member) float64 {
	switch o.raw(m) {
	case "null", "false":
		return 0
	case "true":
		return 1
	}
	text, ok := o.string(m)
	if !ok {
		return o.number(m)
	}
	if text = strings.TrimSpace(text); text == "" {
		return 0
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return number
}

// strings gives a member that is a list of strings. A list with anything else
// in it is none, a null included, which encoding/json would read as an empty
// string.
func (o *object) strings(m member) (list []string, ok bool) {
	raw := o.raw(m)
	if raw == "" {
		return nil, false
	}
	var elements []*string
	if json.Unmarshal([]byte(raw), &elements) != nil {
		return nil, false
	}
	list = make([]string, 0, len(elements))
	for _, element := range elements {
		if element == nil {
			return nil, false
		}
		list = append(list, *element)
	}
	return list, true
}
