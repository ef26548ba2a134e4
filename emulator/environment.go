// SPDX-License-Identifier: Apache-2.0

package emulator

import "net/http"

// environment says what an instance can do, as far as it is not what Clerk's
// client takes for granted.
func (e *Emulator) environment(w http.ResponseWriter, _ *http.Request, v visitor) {
	kind := "development"
	if e.production {
		kind = "production"
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"object":      "environment",
		"auth_config": map[string]any{"object": "auth_config", "single_session_mode": false},
		"display_config": map[string]any{
			"object": "display_config", "application_name": "Emulator", "instance_environment_type": kind,
			"sign_in_url": v.place.origin + v.place.path + "/sign-in",
		},
		"organization_settings": map[string]any{"enabled": true, "force_organization_selection": false},
	})
}
