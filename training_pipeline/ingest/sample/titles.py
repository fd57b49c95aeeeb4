"""Distinct, plausible Indonesian course titles and invented names of institutions."""

from __future__ import annotations

from itertools import product

import numpy as np

OPENINGS = (
    "Dasar-Dasar",
    "Panduan Praktis",
    "Langkah Awal",
    "Kiat Sukses",
    "Mahir",
    "Menguasai",
    "Strategi",
    "Belajar",
    "Kelas Intensif",
)
ENDINGS = (
    "untuk Pemula",
    "dari Nol",
    "bagi Pelaku UMKM",
    "bagi Pencari Kerja",
    "Tingkat Lanjut",
    "di Era Digital",
    "Siap Kerja",
    "dalam Sepekan",
)
TOPICS = {
    "Penjualan & Pemasaran": (
        "Pemasaran Digital, Iklan Media Sosial, Jualan di Lokapasar, Teknik Negosiasi, "
        "Layanan Pelanggan, Fotografi Produk, Penulisan Iklan, Promosi Lewat Video, "
        "Pengelolaan Toko Daring, Riset Pasar, Merek Usaha Kecil, Penjualan Lewat Siaran Langsung"
    ),
    "Gaya Hidup": (
        "Tata Rias Wajah, Menjahit Busana, Merangkai Bunga, Perawatan Kulit, Fotografi Ponsel, "
        "Desain Interior Rumah, Kerajinan Tangan, Tata Rambut, Yoga di Rumah, Merajut, "
        "Perencanaan Pernikahan, Seni Henna"
    ),
    "Manajemen": (
        "Manajemen Usaha Kecil, Kepemimpinan Tim, Manajemen Proyek, Manajemen Gudang, "
        "Perencanaan Bisnis, Rekrutmen Karyawan, Manajemen Waktu, Manajemen Risiko, "
        "Rantai Pasok, Pengendalian Mutu, Manajemen Restoran, Pengembangan Karyawan"
    ),
    "Makanan & Minuman": (
        "Membuat Kue Kering, Meracik Kopi, Masakan Nusantara, Membuat Roti, Usaha Katering, "
        "Minuman Kekinian, Makanan Beku, Olahan Ikan, Sambal Kemasan, Dekorasi Kue, "
        "Keamanan Pangan, Camilan Sehat"
    ),
    "Bahasa Asing": (
        "Bahasa Inggris Percakapan, Bahasa Inggris Bisnis, Bahasa Inggris Wawancara Kerja, "
        "Bahasa Mandarin, Bahasa Jepang, Bahasa Korea, Bahasa Arab, Bahasa Jerman, "
        "Bahasa Inggris Perhotelan, Surel Berbahasa Inggris, Tata Bahasa Inggris, Persiapan TOEFL"
    ),
    "Teknologi Informasi": (
        "Pemrograman Python, Membuat Situs Web, Desain Grafis, Analisis Data, Basis Data SQL, "
        "Aplikasi Android, Keamanan Siber, Desain Antarmuka, Jaringan Komputer, Animasi, "
        "Penyuntingan Video, Perbaikan Komputer"
    ),
    "Keuangan": (
        "Pembukuan Usaha, Pajak Penghasilan, Akuntansi Dasar, Perencanaan Keuangan Keluarga, "
        "Laporan Keuangan, Investasi Reksa Dana, Arus Kas, Penggajian, Modal Usaha, "
        "Audit Internal, Penghitungan Harga Pokok, Pasar Modal"
    ),
    "Perkantoran": (
        "Microsoft Excel, Microsoft Word, Presentasi PowerPoint, Administrasi Perkantoran, "
        "Kearsipan Digital, Surat Menyurat, Sekretaris Profesional, Entri Data, "
        "Rapat Daring, Google Workspace, Resepsionis, Administrasi Pengadaan"
    ),
    "Sosial & Perilaku": (
        "Komunikasi Efektif, Berbicara di Depan Umum, Pengasuhan Anak, Mengajar Anak Usia Dini, "
        "Konseling Dasar, Mengelola Stres, Kerja Sama Tim, Percaya Diri, Kecerdasan Emosi, "
        "Pelayanan Lansia, Wawancara Kerja, Etika Kerja"
    ),
    "Pertanian": (
        "Hidroponik, Budidaya Lele, Budidaya Jamur, Pupuk Organik, Ternak Ayam, Tanaman Hias, "
        "Budidaya Cabai, Peternakan Kambing, Pembibitan Buah, Pengolahan Hasil Panen, "
        "Budidaya Madu, Urban Farming"
    ),
    "Teknik & Lainnya": (
        "Servis Sepeda Motor, Instalasi Listrik, Perbaikan AC, Las Listrik, Perbaikan Ponsel, "
        "Gambar Teknik AutoCAD, Keselamatan Kerja, Pengemudi Daring, Pertukangan Kayu, "
        "Panel Surya, Perawatan Mobil, Satuan Pengamanan"
    ),
}
KINDS = (
    "Akademi",
    "Balai Latihan",
    "Lembaga Kursus",
    "Pusat Pelatihan",
    "Rumah Belajar",
    "Sanggar",
    "Sekolah Vokasi",
    "Institut",
    "Studio",
    "Yayasan",
    "Kampus Karya",
)
NAMES = (
    "Arunika",
    "Bahtera",
    "Cendana",
    "Dharma Cipta",
    "Elang Jaya",
    "Fajar Baru",
    "Gemilang",
    "Harapan Muda",
    "Insan Mandiri",
    "Jembatan Ilmu",
    "Kencana",
    "Lentera",
    "Merapi",
    "Nawasena",
    "Ombak Biru",
)


def draw_titles(category: str, count: int, rng: np.random.Generator) -> list[str]:
    """`count` distinct titles of one category; a category without words gets its own name."""
    topics = TOPICS.get(category, category).split(", ")
    texts = [" ".join(words) for words in product(OPENINGS, topics, ENDINGS)]
    order = rng.permutation(len(texts))
    return [_numbered(texts[order[i % len(texts)]], i // len(texts)) for i in range(count)]


def provider_names(count: int, rng: np.random.Generator) -> list[str]:
    """`count` distinct invented institutions."""
    texts = [" ".join(words) for words in product(KINDS, NAMES)]
    order = rng.permutation(len(texts))
    return [_numbered(texts[order[i % len(texts)]], i // len(texts)) for i in range(count)]


def _numbered(text: str, repeat: int) -> str:
    return f"{text} {repeat + 1}" if repeat else text
