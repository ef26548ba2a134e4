// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// accessNow is what time it is in all cases, in seconds.
const accessNow = 1_772_366_400

// The names in tokens, and in what is asked. There are few, so that they meet.
var (
	roleNames       = []string{"admin", "admin", "member", "owner"}
	featureNames    = []string{"dashboard", "dashboard", "teams", "gold", "org", "o", "a:b"}
	planNames       = []string{"pro", "pro", "free", "user"}
	permissionNames = []string{"manage", "read", "write"}
)

// generateAccess makes cases of a seed, and after them those of the ages.
func generateAccess(seed uint64, count int) []*accessCase {
	cases := make([]*accessCase, 0, count)
	for id := range count {
		g := accessGenerator{newChance(seed, id)}
		payload := g.payload()
		cases = append(cases, &accessCase{ID: id, Payload: mustJSON(payload), Params: g.params(payload)})
	}
	return append(cases, ageCases(count, newChance(seed, count))...)
}

// ageCases are all reverifications with the ages around their bounds, and with
// many others.
func ageCases(id int, c chance) []*accessCase {
	bounds := []int{-1, 0, 1, 9, 10, 11, 59, 60, 61, 1439, 1440, 1441, 1500}
	var ages [][2]int
	for _, first := range bounds {
		for _, second := range bounds {
			ages = append(ages, [2]int{first, second})
		}
	}
	for age := -1; age <= 1500; age += 7 {
		ages = append(ages, [2]int{age, -1}, [2]int{-1, age}, [2]int{age, c.IntN(1502) - 1}, [2]int{c.IntN(1502) - 1, age})
	}
	configs := []string{`"strict_mfa"`, `"strict"`, `"moderate"`, `"lax"`}
	for _, level := range []string{"first_factor", "second_factor", "multi_factor"} {
		for _, minutes := range []int{1, 10, 60, 1440} {
			configs = append(configs, fmt.Sprintf(`{"level":%q,"afterMinutes":%d}`, level, minutes))
		}
	}
	var cases []*accessCase
	for _, pair := range ages {
		payload := map[string]any{"sub": "user_1", "sid": "sess_1", "exp": accessNow + 60, "fva": pair}
		for _, config := range configs {
			params := accessParams{Reverification: json.RawMessage(config)}
			cases = append(cases, &accessCase{ID: id + len(cases), Payload: mustJSON(payload), Params: params})
		}
	}
	return cases
}

type accessGenerator struct{ chance }

func (g accessGenerator) payload() map[string]any {
	payload := map[string]any{"sub": "user_1", "sid": "sess_1", "exp": accessNow + 60}
	if g.oneIn(60) {
		payload["sub"] = ""
	}
	if !g.oneIn(3) {
		payload["sts"] = pick[any](g.chance, "active", "active", "active", "active", "pending", "expired", "Pending", "", nil, 5)
	}
	if !g.oneIn(4) {
		payload["fva"] = g.ages()
	}
	if !g.oneIn(4) {
		payload["fea"] = g.entitlements(featureNames)
	}
	if !g.oneIn(4) {
		payload["pla"] = g.entitlements(planNames)
	}
	if g.oneIn(3) {
		g.version1(payload)
		payload["v"] = pick[any](g.chance, 1, "2", nil, 3)
	} else {
		g.version2(payload)
		payload["v"] = 2
	}
	if g.oneIn(30) { // Both, of which the version decides.
		g.version1(payload)
	}
	if g.oneIn(12) {
		g.spoil(payload)
	}
	return payload
}

func (g accessGenerator) version1(payload map[string]any) {
	if !g.oneIn(8) {
		payload["org_id"] = pick(g.chance, "org_1", "org_1", "org_1", "org_1", "org_1", "org_1", "org_1", "")
	}
	if !g.oneIn(6) {
		payload["org_role"] = g.prefixed(pick(g.chance, roleNames...))
	}
	if g.oneIn(6) {
		return
	}
	permissions := []any{}
	for range g.IntN(5) {
		permissions = append(permissions, g.prefixed(g.permission()))
	}
	payload["org_permissions"] = permissions
}

func (g accessGenerator) version2(payload map[string]any) {
	if g.oneIn(10) {
		return
	}
	organization := map[string]any{"slg": "acme"}
	if !g.oneIn(12) {
		organization["id"] = pick(g.chance, "org_1", "org_1", "org_1", "org_1", "org_1", "")
	}
	if !g.oneIn(6) {
		organization["rol"] = pick(g.chance, "admin", "admin", "member", "owner", "org:admin", "", "org:")
	}
	if !g.oneIn(8) {
		organization["per"] = pick(g.chance, "manage,read,write", "manage,read", "read", " manage , read ", "")
	}
	if features, _ := payload["fea"].(string); !g.oneIn(8) {
		organization["fpm"] = g.masks(features)
	}
	payload["o"] = organization
}

// entitlements lists features or plans, now and then one that is none.
func (g accessGenerator) entitlements(names []string) string {
	elements := make([]string, 0, 4)
	for range g.IntN(5) {
		element := pick(g.chance, "o", "o", "o", "u", "u", "uo", "ou", "x", "O") + ":" + pick(g.chance, names...)
		if g.oneIn(60) {
			element = pick(g.chance, "dashboard", ":dashboard", "o:", "u:", ":", "")
		}
		if g.oneIn(10) {
			element = " " + element + " "
		}
		elements = append(elements, element)
	}
	return strings.Join(elements, ",")
}

// masks makes as many as there are features, as those of the organization, or
// another number.
func (g accessGenerator) masks(features string) string {
	count := strings.Count(features, ",") + 1
	switch g.IntN(6) {
	case 0:
		count = g.IntN(6)
	case 1:
		count = strings.Count(features, "o:") + strings.Count(features, "ou:")
	}
	masks := make([]string, count)
	for i := range masks {
		masks[i] = strconv.Itoa(g.IntN(8))
		if g.oneIn(30) {
			masks[i] = pick(g.chance, "", "x", "-1", "+1", "0x3", "9007199254740993", " 3 ", "007", "1e1", "340282366920938463463374607431768211455")
		}
	}
	return strings.Join(masks, ",")
}

func (g accessGenerator) ages() any {
	age := func() any {
		if g.oneIn(30) {
			return pick[any](g.chance, -2, "5", nil, json.RawMessage("5.5"), json.RawMessage("5.0"), json.RawMessage("1e0"), json.RawMessage("-0.5"), true)
		}
		return pick[any](g.chance, -1, -1, 0, 5, 9, 10, 30, 59, 60, 100, 1439, 1440)
	}
	if g.oneIn(40) {
		return pick[any](g.chance, nil, "", "[0,0]", 0, []any{}, []any{0}, []any{0, 0, 0}, []any{[]any{0, 0}}, map[string]any{"0": 0, "1": 0}, true)
	}
	return []any{age(), age()}
}

// spoil gives a claim that says who one is another type.
func (g accessGenerator) spoil(payload map[string]any) {
	wrong := pick[any](g.chance, 5, true, nil, []any{"admin"}, map[string]any{"id": "org_1"})
	if organization, ok := payload["o"].(map[string]any); ok && g.oneIn(2) {
		organization[pick(g.chance, "id", "rol", "per", "fpm")] = wrong
		return
	}
	switch name := pick(g.chance, "o", "org_id", "org_role", "org_permissions", "fea", "pla"); name {
	case "o":
		payload["o"] = pick[any](g.chance, "org_1", 5, true, nil, []any{"org_1"})
	case "org_permissions":
		payload[name] = pick[any](g.chance, "org:dashboard:read", 5, nil, []any{"org:dashboard:read", 5}, []any{"org:dashboard:read", nil})
	default:
		payload[name] = wrong
	}
}

func (g accessGenerator) permission() string {
	return pick(g.chance, featureNames...) + ":" + pick(g.chance, permissionNames...)
}

// prefixed writes a role or a permission in one of many ways.
func (g accessGenerator) prefixed(name string) string {
	if g.oneIn(15) {
		return pick(g.chance, "", "org:", "org:org:", " ", "org", ":", "Org:"+name, " org:"+name, "user:"+name, name+" ", "org: "+name)
	}
	return pick(g.chance, "org:", "org:", "org:", "", "org:org:") + name
}

// params asks for one thing, or several.
func (g accessGenerator) params(payload map[string]any) accessParams {
	var p accessParams
	if g.oneIn(60) {
		return p
	}
	for ask := true; ask; ask = g.oneIn(8) {
		switch g.IntN(5) {
		case 0:
			p.Role = new(g.prefixed(pick(g.chance, roleNames...)))
		case 1:
			p.Permission = new(g.prefixed(g.permissionNear(payload)))
		case 2:
			p.Feature = new(g.entitlement(g.near(payload["fea"], featureNames)))
		case 3:
			p.Plan = new(g.entitlement(g.near(payload["pla"], planNames)))
		default:
			p.Reverification = g.reverification()
		}
	}
	return p
}

// near is a name that the list has, more often than another.
func (g accessGenerator) near(claim any, names []string) string {
	list, _ := claim.(string)
	_, name, ok := strings.Cut(strings.TrimSpace(pick(g.chance, strings.Split(list, ",")...)), ":")
	if !ok || g.oneIn(3) {
		return pick(g.chance, names...)
	}
	return name
}

// permissionNear is one of a feature that the token has, or one that it has
// itself, more often than another.
func (g accessGenerator) permissionNear(payload map[string]any) string {
	if permissions, _ := payload["org_permissions"].([]any); len(permissions) > 0 && !g.oneIn(3) {
		if name, ok := pick(g.chance, permissions...).(string); ok {
			return strings.TrimPrefix(name, "org:")
		}
	}
	return g.near(payload["fea"], featureNames) + ":" + pick(g.chance, permissionNames...)
}

// entitlement writes a feature or a plan in one of many ways.
func (g accessGenerator) entitlement(name string) string {
	if g.oneIn(8) {
		return pick(g.chance, "", ":", "org:", "o:", "u:", "user:", "::", "ou:"+name, "team:"+name, ":"+name, "Org:"+name,
			"org:org:"+name, "o:"+name+":x", " "+name, name+" ", "user: "+name)
	}
	return pick(g.chance, "", "", "", "org:", "o:", "organization:", "user:", "u:") + name
}

func (g accessGenerator) reverification() json.RawMessage {
	if g.oneIn(12) {
		return json.RawMessage(pick(g.chance, `""`, `"very_strict"`, `"Strict"`, `"second_factor"`, `"constructor"`, `{}`,
			`{"level":"first_factor"}`, `{"afterMinutes":10}`, `{"level":"strict","afterMinutes":10}`, `{"level":"","afterMinutes":10}`,
			`{"level":"first_factor","afterMinutes":0}`, `{"level":"first_factor","afterMinutes":-10}`))
	}
	if g.oneIn(2) {
		return json.RawMessage(pick(g.chance, `"strict_mfa"`, `"strict"`, `"moderate"`, `"lax"`))
	}
	return fmt.Appendf(nil, `{"level":%q,"afterMinutes":%d}`,
		pick(g.chance, "first_factor", "second_factor", "multi_factor"), pick(g.chance, 1, 5, 6, 10, 60, 100, 1440))
}
