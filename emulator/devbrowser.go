// SPDX-License-Identifier: Apache-2.0

package emulator

import "net/http"

// newDevBrowser names a browser that a page of a development instance is in.
func (e *Emulator) newDevBrowser(w http.ResponseWriter, _ *http.Request, _ visitor) {
	if e.production {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", "a production instance has no development browsers")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"object": "dev_browser", "id": e.store.newBrowser(devBrowserPrefix, e.now())})
}
