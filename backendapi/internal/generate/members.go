// SPDX-License-Identifier: Apache-2.0

package main

import "slices"

// memberDocs say of members, wherever they are, what their names leave open:
// units, forms and defaults.
var memberDocs = map[string]string{ //nolint:gosec // They are names, not secrets.
	"allowed_clock_skew":         "is in seconds",
	"amount":                     "is in the currency's smallest unit",
	"backup_codes":               "are in plain text or hashed with bcrypt",
	"create_organizations_limit": "is how many organizations the user may create; 0 for any number",
	"default_token_ttl":          "is in seconds",
	"external_id":                "is the ID that another system has for it",
	"ignore_existing":            "has people invited who have an invitation already, or are users",
	"lifetime":                   "is in seconds",
	"limit":                      "is how many elements the page has at most",
	"locale":                     "is a BCP 47 tag, such as en-US",
	"offset":                     "is how many elements come before the page",
	"order_by":                   "is what to sort by, such as created_at; after - it is in descending order",
	"password_digest":            "is a password that another system hashed, in the form of PasswordHasher",
	"password_hasher":            "is what PasswordDigest was made with, such as bcrypt",
	"previous_token_ttl":         "is for how many seconds the key of before stays good",
	"private_metadata":           "is seen by nobody but what has the secret key",
	"public_metadata":            "is seen by browsers, too, and written with the secret key alone",
	"query":                      "is a text that is searched for",
	"redirect_url":               "is where people get to afterwards",
	"unsafe_metadata":            "is seen and written by browsers, too",
}

// undescribed are the members that Clerk's description lacks, and those of which
// it says that they are there and nothing else. Clerk's own SDK, @clerk/backend
// 3.25, has them all.
var undescribed = map[string][]*field{
	"CreateEnterpriseConnectionParams": {
		{json: "sync_user_attributes", typ: "bool"},
		{json: "authenticatable", typ: "bool"},
		{json: "disable_jit_provisioning", typ: "bool"},
	},
	"CreateEnterpriseConnectionSAML": {{json: "idp_certificates", typ: "[]string"}},
	"EnterpriseConnection": {
		{json: "authenticatable", typ: "bool"},
		{json: "disable_jit_provisioning", typ: "bool"},
	},
	"SAMLConnection": {
		{json: "authenticatable", typ: "bool"},
		{json: "disable_jit_provisioning", typ: "bool"},
	},
	"UpdateEnterpriseConnectionParams": {
		{json: "provider", typ: "string"},
		{json: "authenticatable", typ: "bool"},
		{json: "disable_jit_provisioning", typ: "bool"},
	},
	"UpdateEnterpriseConnectionSAML": {{json: "idp_certificates", typ: "[]string"}},
}

// complete adds what the description lacks.
func (s *structType) complete() {
	for _, f := range undescribed[s.name] {
		if slices.ContainsFunc(s.fields, func(known *field) bool { return known.json == f.json }) {
			continue
		}
		f.name = goName(f.json)
		s.fields = append(s.fields, f)
	}
}
