"""Whisper's network in OpenVINO, from the file that CTranslate2 reads."""
