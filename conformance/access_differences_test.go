// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// accessDifference is one thing in which has() is answered otherwise than by the
// reference on purpose.
type accessDifference struct {
	name   string
	reason string
	// apply changes the claims into some of which the reference says what is
	// expected of them, and tells whether it did. The answer is no, whatever the
	// reference says, when it is denied.
	apply func(claims map[string]any, p *accessParams) (changed, denied bool)
}

// accessDifferences lists them all. They are applied in this order.
var accessDifferences = []accessDifference{
	{
		"claim-types",
		"A claim of another type than Clerk's counts as absent; the reference takes it as it is, or throws.",
		keepTypes,
	},
	{
		"whole-minutes",
		"Ages of factors are whole numbers of minutes, written as such, or count as absent; the reference takes fractions and exponents.",
		keepWholeAges,
	},
	{
		"unreadable-entitlements",
		"Features or plans of which one has no scope or no name are all not there; the reference throws, or ignores the one.",
		replaceUnreadable,
	},
	{
		"feature-positions",
		"The masks of permissions count all features, as Clerk documents it; the reference skips those of the user alone.",
		moveMasks,
	},
	{
		"empty-names",
		"Nobody has what has no name; in the reference somebody may.",
		denyEmptyNames,
	},
}

// expectAccess applies all differences to the case, and tells which of them did
// something, and whether the answer is no by one.
func expectAccess(c *accessCase) (applied []int, denied bool) {
	claims := c.claims()
	for i, d := range accessDifferences {
		changes, denies := d.apply(claims, &c.Params)
		if changes || denies {
			applied = append(applied, i)
		}
		if changes {
			c.Instead = mustJSON(claims)
		}
		denied = denied || denies
	}
	return applied, denied
}

func keepTypes(claims map[string]any, _ *accessParams) (changed, denied bool) {
	organization, _ := claims["o"].(map[string]any)
	for _, name := range []string{"id", "rol", "per", "fpm"} {
		changed = dropUnlessString(organization, name) || changed
	}
	for _, name := range []string{"org_id", "org_role", "fea", "pla"} {
		changed = dropUnlessString(claims, name) || changed
	}
	if list, ok := claims["org_permissions"].([]any); ok && slices.ContainsFunc(list, isNoString) {
		delete(claims, "org_permissions")
		changed = true
	}
	return changed, false
}

func dropUnlessString(members map[string]any, name string) bool {
	value, ok := members[name]
	if !ok || !isNoString(value) {
		return false
	}
	delete(members, name)
	return true
}

func keepWholeAges(claims map[string]any, _ *accessParams) (changed, denied bool) {
	ages, _ := claims["fva"].([]any)
	if !slices.ContainsFunc(ages, isNoWhole) {
		return false, false
	}
	delete(claims, "fva")
	return true, false
}

func replaceUnreadable(claims map[string]any, p *accessParams) (changed, denied bool) {
	features, _ := claims["fea"].(string)
	plans, _ := claims["pla"].(string)
	denied = p.Feature != nil && hasUnreadable(features) || p.Plan != nil && hasUnreadable(plans)
	if !hasUnreadable(features) {
		return false, denied
	}
	elements := strings.Split(features, ",")
	for i, element := range elements {
		if !isReadable(element) {
			elements[i] = "x:x"
		}
	}
	claims["fea"] = strings.Join(elements, ",")
	return true, denied
}

func moveMasks(claims map[string]any, _ *accessParams) (changed, denied bool) {
	organization, _ := claims["o"].(map[string]any)
	features, _ := claims["fea"].(string)
	masks, _ := organization["fpm"].(string)
	if claims["v"] != json.Number("2") || features == "" || masks == "" {
		return false, false
	}
	moved := masksOfOrganization(strings.Split(features, ","), strings.Split(masks, ","))
	organization["fpm"] = moved
	return moved != masks, false
}

func denyEmptyNames(_ map[string]any, p *accessParams) (changed, denied bool) {
	return false, isEmptyName(p.Role) || isEmptyName(p.Permission) || isEmptyEntitlement(p.Feature) || isEmptyEntitlement(p.Plan)
}

func isNoString(value any) bool {
	_, ok := value.(string)
	return !ok
}

func isNoWhole(value any) bool {
	number, ok := value.(json.Number)
	if !ok {
		return false
	}
	_, err := strconv.Atoi(number.String())
	return err != nil
}

func isReadable(element string) bool {
	scope, name, ok := strings.Cut(strings.TrimSpace(element), ":")
	return ok && scope != "" && name != ""
}

// hasUnreadable is false for a list that is empty: that is none, and no bad one.
func hasUnreadable(list string) bool {
	if list == "" {
		return false
	}
	return slices.ContainsFunc(strings.Split(list, ","), func(element string) bool { return !isReadable(element) })
}

// masksOfOrganization leaves out the masks of other features than the
// organization's, unless there are none for them.
func masksOfOrganization(features, masks []string) string {
	var own []int
	for i, feature := range features {
		scope, _, _ := strings.Cut(strings.TrimSpace(feature), ":")
		if scope == "o" || scope == "ou" || scope == "uo" {
			own = append(own, i)
		}
	}
	if len(masks) == len(own) {
		return strings.Join(masks, ",")
	}
	var kept []string
	for _, i := range own {
		if i < len(masks) {
			kept = append(kept, masks[i])
		}
	}
	return strings.Join(kept, ",")
}

func isEmptyName(name *string) bool {
	return name != nil && strings.ReplaceAll(*name, "org:", "") == ""
}

func isEmptyEntitlement(name *string) bool {
	if name == nil {
		return false
	}
	scope, rest, explicit := strings.Cut(*name, ":")
	if !explicit {
		return scope == ""
	}
	first, _, _ := strings.Cut(rest, ":")
	return first == ""
}
