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
	actions := strings.Split(names, ",")
	bits := strings.Split(masks, ",")
	owners := features
	if own := ofOrganization(features); len(bits) == len(own) && len(bits) != len(features) {
		owners = own
	}
	granted := make([]string, 0, len(actions))
	for i, feature := range owners {
		if i >= len(bits) {
			break
		}
		mask, ok := decimal(bits[i])
		if !ok || !feature.ofOrganization() {
			continue
		}
		for j, action := range actions {
			if mask.Bit(j) == 1 {
				granted = append(granted, "org:"+feature.Name+":"+strings.TrimSpace(action))
			}
		}
	}
	return granted
}

// ofOrganization tells whether it belongs to the organization, be it that it
// also belongs to the user. Scopes that are not known belong to nobody.
func (s Scoped) ofOrganization() bool {
	return s.Scope == "o" || s.Scope == "ou" || s.Scope == "uo"
}

func ofOrganization(features []Scoped) []Scoped {
	var own []Scoped
	for _, feature := range features {
		if feature.ofOrganization() {
			own = append(own, feature)
		}
	}
	return own
}

// decimal reads digits only; a sign or an underscore makes a mask unreadable.
func decimal(text string) (*big.Int, bool) {
	text = strings.TrimSpace(text)
	if small, err := strconv.ParseUint(text, 10, 64); err == nil {
		return new(big.Int).SetUint64(small), true
	}
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return nil, false
	}
	return new(big.Int).SetString(text, 10)
}
