"""Known backbones and known failures, as frozen records."""
