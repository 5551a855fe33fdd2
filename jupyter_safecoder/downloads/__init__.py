"""Downloads: files of package indexes and of the Hugging Face Hub, and models of the catalogue."""
