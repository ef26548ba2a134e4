// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// founded is when the instance, its organizations and its known people came to
// be, in milliseconds since 1970.
const founded = 1767225600000

// emptyObject is the metadata that nothing was written to.
var emptyObject = map[string]any{}

// user is what the Backend API says of a person.
func (p person) user() map[string]any {
	first, last, _ := strings.Cut(p.Name, " ")
	address := map[string]any{
		"object": "email_address", "id": "idn_" + strings.TrimPrefix(p.ID, "user_"), "email_address": p.Email, "reserved": false, "linked_to": []any{},
		"verification": map[string]any{"object": "verification_admin", "status": "verified", "strategy": "admin", "attempts": nil, "expire_at": nil},
		"created_at":   founded, "updated_at": founded,
	}
	return map[string]any{
		"object": "user", "id": p.ID, "external_id": nil, "username": nil, "first_name": first, "last_name": last, "has_image": false,
		"primary_email_address_id": address["id"], "primary_phone_number_id": nil, "primary_web3_wallet_id": nil,
		"email_addresses": []any{address}, "phone_numbers": []any{}, "web3_wallets": []any{}, "passkeys": []any{},
		"external_accounts": []any{}, "saml_accounts": []any{}, "enterprise_accounts": []any{},
		"password_enabled": true, "two_factor_enabled": false, "totp_enabled": false, "backup_code_enabled": false,
		"mfa_enabled_at": nil, "mfa_disabled_at": nil,
		"public_metadata": emptyObject, "private_metadata": emptyObject, "unsafe_metadata": emptyObject,
		"banned": false, "locked": false, "lockout_expires_in_seconds": nil, "verification_attempts_remaining": nil,
		"delete_self_enabled": false, "create_organization_enabled": false, "last_sign_in_at": nil, "last_active_at": nil, "legal_accepted_at": nil,
		"created_at": founded, "updated_at": founded,
	}
}

// publicData is what other members of an organization see of a person.
func (p person) publicData() map[string]any {
	first, last, _ := strings.Cut(p.Name, " ")
	return map[string]any{
		"user_id": p.ID, "identifier": p.Email, "first_name": first, "last_name": last, "image_url": "", "has_image": false,
	}
}

func (e *Emulator) getUser(w http.ResponseWriter, r *http.Request) {
	p, found := e.people.byID(r.PathValue("id"))
	if !found {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", "no user that the emulator begins with has this id")
		return
	}
	writeJSON(w, http.StatusOK, p.user())
}

func (e *Emulator) listUsers(w http.ResponseWriter, r *http.Request) {
	query, err := readQuery(r)
	if err != nil {
		writeAPIError(w, http.StatusBadRequest, "request_invalid", err.Error())
		return
	}
	users := []any{}
	for _, p := range e.people.matching(query) {
		users = append(users, p.user())
	}
	if users, err = pageOf(users, query); err != nil {
		writeAPIError(w, http.StatusUnprocessableEntity, "form_param_value_invalid", err.Error())
		return
	}
	writeJSON(w, http.StatusOK, users)
}

func (e *Emulator) countUsers(w http.ResponseWriter, r *http.Request) {
	query, err := readQuery(r)
	if err != nil {
		writeAPIError(w, http.StatusBadRequest, "request_invalid", err.Error())
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"object": "total_count", "total_count": len(e.people.matching(query))})
}

func (d *directory) byID(id string) (person, bool) {
	i := slices.IndexFunc(d.known, func(p person) bool { return p.ID == id })
	if i < 0 {
		return person{}, false
	}
	return d.known[i], true
}

// matching gives the known people whom user_id, email_address and query leave.
func (d *directory) matching(query url.Values) []person {
	var found []person
	text := strings.ToLower(query.Get("query"))
	for _, p := range d.known {
		isAsked := allows(query["user_id"], p.ID) && allows(query["email_address"], p.Email)
		if isAsked && strings.Contains(strings.ToLower(p.ID+" "+p.Name+" "+p.Email), text) {
			found = append(found, p)
		}
	}
	return found
}

// allows tells whether a parameter is not there, or has a value.
func allows(values []string, value string) bool {
	return len(values) == 0 || slices.Contains(values, value)
}
