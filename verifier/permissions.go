// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"math/big"
	"strconv"
	"strings"
)

// scoped reads a list such as "o:dashboard,u:gold". Elements without a scope
// or a name are skipped: nothing may be granted by them.
func (o *object) scoped(m member) []Scoped {
	text, _ := o.string(m)
	if text == "" {
		return nil
	}
	list := make([]Scoped, 0, 1+strings.Count(text, ","))
	for element := range strings.SplitSeq(text, ",") {
		scope, name, ok := strings.Cut(strings.TrimSpace(element), ":")
		if !ok || scope == "" || name == "" {
			scope, name = "", ""
		}
		list = append(list, Scoped{Scope: scope, Name: name})
	}
	return list
}

// permissions decodes the compact form of version 2: the i-th mask belongs to
// the i-th feature, and its j-th bit, the lowest first, to the j-th name.
// Masks are arbitrarily long decimal numbers.
//
// Clerk documents the position as that in the whole list of features. Its SDK
// counts only the organization's; when there are exactly as many masks as
// those, and not as many as features, the position is read that way.
func permissions(features []Scoped, names, masks string) []string {
	if names == "" || masks == "" {
		return nil
	}
	count := 1 + strings.Count(masks, ",")
	onlyOwn := count == countOfOrganization(features) && count != len(features)
	granted := make([]string, 0, 1+strings.Count(names, ","))
	for _, feature := range features {
		if onlyOwn && !feature.ofOrganization() {
			continue
		}
		mask, rest, more := strings.Cut(masks, ",")
		if feature.ofOrganization() {
			granted = appendGranted(granted, feature.Name, names, decimal(mask))
		}
		if masks = rest; !more {
			break
		}
	}
	return granted
}

// appendGranted adds the permissions that a feature's mask has a bit for.
func appendGranted(granted []string, feature, names string, mask bits) []string {
	j := 0
	for name := range strings.SplitSeq(names, ",") {
		if mask.has(j) {
			granted = append(granted, "org:"+feature+":"+strings.TrimSpace(name))
		}
		j++
	}
	return granted
}

// ofOrganization tells whether it belongs to the organization, be it that it
// also belongs to the user. Scopes that are not known belong to nobody.
func (s Scoped) ofOrganization() bool {
	return s.Scope == "o" || s.Scope == "ou" || s.Scope == "uo"
}

func countOfOrganization(features []Scoped) int {
	count := 0
	for _, feature := range features {
		if feature.ofOrganization() {
			count++
		}
	}
	return count
}

// bits is a mask. Hardly any has more than 64.
type bits struct {
	small uint64
	large *big.Int // nil unless it has more
}

func (b bits) has(i int) bool {
	if b.large != nil {
		return b.large.Bit(i) == 1
	}
	return b.small>>i&1 == 1
}

// decimal reads digits only; a sign or an underscore makes a mask unreadable,
// and one that is has no bits.
func decimal(text string) bits {
	text = strings.TrimSpace(text)
	if small, err := strconv.ParseUint(text, 10, 64); err == nil {
		return bits{small: small}
	}
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return bits{}
	}
	large, _ := new(big.Int).SetString(text, 10)
	return bits{large: large}
}
