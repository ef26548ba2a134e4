// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"fmt"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// A policy is read once, and checked for everybody who comes.
func Example() {
	role, err := access.NewRequirement("role", []string{"admin", "owner"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fresh, err := access.NewRequirement("reverification", []string{"strict"})
	if err != nil {
		fmt.Println(err)
		return
	}
	policy := access.Policy{role, fresh}

	for _, claims := range []*verifier.Claims{
		{UserID: "user_1", Organization: &verifier.Organization{ID: "org_1", Role: "org:member"}},
		{UserID: "user_2", Organization: &verifier.Organization{ID: "org_1", Role: "org:owner"}},
		{
			UserID: "user_3", Organization: &verifier.Organization{ID: "org_1", Role: "org:admin"},
			FactorAges: &verifier.FactorAges{First: 3, Second: -1},
		},
	} {
		denial := policy.Check(access.Subject{Claims: claims})
		switch {
		case denial == nil:
			fmt.Println("allowed")
		case denial.Reverification() != nil:
			fmt.Printf("403 %s\n", denial.Reverification().ErrorBody())
		default:
			fmt.Println("403", denial.Message())
		}
	}
	// Output:
	// 403 requires role org:admin or org:owner
	// 403 {"clerk_error":{"type":"forbidden","reason":"reverification-error","metadata":{"reverification":"strict"}}}
	// allowed
}

// What is asked is pointed to, so that an empty name is not taken for none.
func ExampleHas() {
	claims := &verifier.Claims{UserID: "user_1", Plans: []verifier.Scoped{{Scope: "o", Name: "pro"}}}
	fmt.Println(access.Has(claims, access.Params{Plan: new("org:pro")}))
	fmt.Println(access.Has(claims, access.Params{Plan: new("org:pro"), Role: new("")}))
	// Output:
	// true
	// false
}

// Requirements that nobody could meet are refused, with what to write instead.
func ExampleNewRequirement() {
	_, err := access.NewRequirement("feature", []string{"team:dashboard"})
	fmt.Println(err)
	// Output: feature: expected the scope org or user, as in "org:dashboard", or none for either, got "team" in "team:dashboard"
}
