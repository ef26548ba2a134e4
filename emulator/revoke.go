// SPDX-License-Identifier: Apache-2.0

package emulator

import "net/http"

// revokeSession ends a session for an application that somebody signs out of.
// The browser learns of it at its next handshake.
func (e *Emulator) revokeSession(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	ended := e.store.endSession(id, e.now())
	if ended == nil {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", "no session has this id, or it has ended")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"object": "session", "id": id, "user_id": ended.person.ID, "status": "revoked",
	})
}
