"""Every kind of fault that an import or a check can find, declared once.

The reports in the terminal and as HTML, and docs/checks.md, say of a kind what stands here. Which
decision was taken (kept, clipped, dropped, blocks import) stands in each finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from model_playground.core.records import Finding

Severity = Literal["error", "warning", "information"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "information")


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Args:
        name: what findings and `--json` call it.
        title: what reports call it.
        severity: an *error* makes an item unusable, a *warning* may harm a training, an
            *information* is worth knowing.
        explanation: what it is, and what harm it does.
        remedy: what to do about it.
        read: it is seen only while the source is read, so a check repeats what the import said.
        of_all: it is of the dataset as a whole, or of its export: it may name no file.
    """

    name: str
    title: str
    severity: Severity
    explanation: str
    remedy: str
    read: bool = False
    of_all: bool = False


def _reading(name: str, title: str, severity: Severity, explanation: str, remedy: str) -> Kind:
    return Kind(name, title, severity, explanation, remedy, read=True)


def _of_all(name: str, title: str, severity: Severity, explanation: str, remedy: str) -> Kind:
    return Kind(name, title, severity, explanation, remedy, of_all=True)


GROUPS: dict[str, tuple[Kind, ...]] = {
    "Image files": (
        Kind(
            "unreadable_image", "Image that cannot be read", "error",
            "The file is empty, cut short, damaged or no image at all.",
            "Copy it anew from where it came from, or leave it out with --drop-faulty.",
        ),
        Kind(
            "wrong_extension", "File of another format than its name says", "warning",
            "The file is read by its content. Other programs go by the name and may refuse it.",
            "Rename it.",
        ),
        Kind(
            "exif_rotated", "Image stored turned or mirrored", "information",
            "Its EXIF data say how to show it. It is read upright everywhere; annotations are "
            "taken to be on the upright image.",
            "Nothing; look at its annotations if the program that made them ignores EXIF data.",
        ),
        Kind(
            "cmyk_image", "Image in printing colours", "warning",
            "A CMYK image is turned into RGB without its colour profile: colours may be off.",
            "Save it as RGB.",
        ),
        Kind(
            "deep_image", "Image of more than 8 bits", "warning",
            "Grey values of 16 or 32 bits are brought to 8 bits for the training.",
            "Nothing if the loss of depth does not matter; else scale it to 8 bits as you need it.",
        ),
        Kind(
            "alpha_image", "Image with transparency", "information",
            "The transparency is left out, and what colour is under it comes to light.",
            "Put the image on the background that you want.",
        ),
        Kind(
            "several_frames", "File of several pictures", "warning",
            "The first picture is read, the others are not.",
            "Save each as a file of its own if they are wanted.",
        ),
        Kind(
            "near_constant_image", "Image of nearly one colour", "warning",
            "All pixels look alike: an empty frame, a closed shutter or a failed conversion.",
            "Look at it, and leave it out if there is nothing to see.",
        ),
        Kind(
            "odd_size", "Image of another size than most", "information",
            "Nearly all images have one size, this one does not.",
            "See whether it belongs to the set.",
        ),
        Kind(
            "extreme_size", "Image far smaller or larger than most", "information",
            "It has less than a hundredth, or more than a hundred times, of the pixels of the "
            "median image: scaled to one size it shows other things than the rest.",
            "See whether it belongs to the set: it may be a thumbnail or a scan of several.",
        ),
        Kind(
            "extreme_shape", "Image far narrower than most", "information",
            "It is more than four times as narrow as the median image; scaled to the training's "
            "size it is distorted or mostly padding.",
            "Cut it into pieces, or see whether it belongs to the set.",
        ),
        Kind(
            "size_differs", "Size other than the source says", "warning",
            "The annotations may have been made on a scaled or turned version of the image.",
            "Look at its annotations, and use the image that they were made on.",
            read=True,
        ),
        Kind(
            "copied_image", "The same image more than once", "warning",
            "Byte by byte the same files. In different parts of a split they leak.",
            "Keep one, or split with --group-by content_hash.",
        ),
        Kind(
            "near_duplicates", "Images of nearly the same picture", "warning",
            "Scaled, compressed anew or a moment later. In different parts of a split they leak.",
            "Nothing: a split keeps them in one part unless it is told otherwise.",
        ),
        Kind(
            "copied_image_labelled_differently", "The same image with different labels", "warning",
            "One of the labels is wrong, and the training learns both.",
            "Look at the copies and keep the right one.",
        ),
        Kind(
            "letter_case", "Names that differ in capitals", "information",
            "They are written like others but for capitals. A grouping by a pattern of the name "
            "must not mind capitals.",
            "Rename them, or mind it in the pattern.",
        ),
        Kind(
            "link_outside", "Link that leads out of the dataset's folder", "error",
            "What it leads to may change or be another's.",
            "Copy the file into the folder, or allow it with --follow-links.",
        ),
    ),
    "Since the import": (
        Kind(
            "missing_folder", "Folder that is gone", "error",
            "The dataset's folder does not exist any more.",
            "Import it again from where it is now; items keep their identity.",
        ),
        Kind(
            "vanished_file", "File that is gone", "error",
            "The file was there at the import.",
            "Put it back, or import the dataset again.",
        ),
        Kind(
            "changed_file", "File that has changed", "error",
            "Its content is not what was imported, so earlier results are of other data.",
            "Import the dataset again: that makes a new revision.",
        ),
    ),
    "Objects": (
        Kind(
            "empty_box", "Box without area", "warning",
            "Left and right, or top and bottom, are the same. Training leaves it out.",
            "Draw it again or delete it.",
        ),
        Kind(
            "reversed_box", "Box that ends before it begins", "warning",
            "Corners are exchanged, or a width is negative. Training leaves it out.",
            "Exchange the corners, or see whether the file has x, y, width, height.",
        ),
        Kind(
            "box_outside", "Box that reaches beyond the image", "warning",
            "Training clips it at the border.",
            "Nothing, if it is a little; else the annotations are of another image or scale.",
        ),
        Kind(
            "box_off_image", "Box that lies wholly outside the image", "warning",
            "Nothing of it is on the image. Training leaves it out.",
            "See whether the annotations are of another image or scale.",
        ),
        Kind(
            "short_polygon", "Outline of fewer than three points", "warning",
            "It encloses nothing. Training leaves that outline out.",
            "Draw it again or delete it.",
        ),
        Kind(
            "crossed_polygon", "Outline that crosses itself", "warning",
            "Which side is inside depends on the program, so a part of the object may be lost.",
            "Draw it again, or divide it into pieces.",
        ),
        Kind(
            "tiny_object", "Object of a few pixels", "information",
            "Its box covers fewer than 16 pixels of an image whose longer side has at most 640, as "
            "detectors commonly see it.",
            "Train on larger images or on cut-outs, or delete stray clicks.",
        ),
        Kind(
            "object_twice", "The same object twice", "warning",
            "Two objects of one image have the same class and exactly the same box or outline: it "
            "is counted twice, and one of them can never be found.",
            "Delete one.",
        ),
        Kind(
            "image_without_labels", "Image without labels", "information",
            "It serves as background, if it is true that nothing is on it.",
            "See whether it was annotated at all.",
        ),
    ),
    "Masks": (
        Kind(
            "unreadable_mask", "Mask that cannot be read", "error",
            "The file is damaged, or a picture instead of class ids.",
            "Write it anew with one channel, or leave the item out with --drop-faulty.",
        ),
        Kind(
            "mask_size", "Mask of another size than its image", "error",
            "Pixels and labels do not belong together.",
            "Write it anew in the size of the upright image.",
        ),
        Kind(
            "unknown_class_id", "Class id that is not listed", "error",
            "The list of classes does not name the id, so nobody knows what it means. A mask with "
            "it cannot be used, an object with it is left out.",
            "Name it in the list of classes, or correct it; pixels to ignore are 255.",
        ),
        Kind(
            "unknown_colour", "Colour that is not listed", "error",
            "The class table does not name the colour, so nobody knows what it means.",
            "Name it in the class table; call colours to ignore `void`.",
        ),
        Kind(
            "blended_colours", "Mask with smoothed edges", "warning",
            "Rare colours between those of the classes: it was scaled smoothly or saved as JPEG. "
            "These pixels belong to no class and are ignored.",
            "Write the mask without smoothing, as PNG.",
        ),
    ),
    "Classes": (
        _of_all(
            "unused_class", "Class without images", "information",
            "It is listed, and nothing has it: a model cannot learn it.",
            "Nothing, or take it out of the list.",
        ),
        Kind(
            "few_items", "Class with few images", "warning",
            "Fewer than ten images can hardly be learnt, let alone divided into parts.",
            "Add images, or put the class together with another.",
        ),
        Kind(
            "class_imbalance", "Classes of very different size", "warning",
            "The largest has ten times the images of the smallest or more: a model that never "
            "says the small one is rarely wrong.",
            "Look at figures by class; consider class weights or focal loss.",
        ),
        Kind(
            "similar_class_names", "Class names that are alike", "warning",
            "They differ in case or spaces at most, are taken for different classes, and are "
            "probably one.",
            "Write them alike.",
        ),
        Kind(
            "tag_everywhere", "Tag that every image has", "warning",
            "What is always there cannot be learnt: nothing shows the model what it is not.",
            "Add images without it, or leave the tag out.",
        ),
    ),
    "Values": (
        Kind(
            "value_outlier", "Value far from all others", "warning",
            "It is far outside the spread of the values, on a linear and on a logarithmic scale. "
            "One such value can rule a squared error.",
            "Look it up at its source.",
        ),
        Kind(
            "wrong_unit", "Value that may be in another unit", "warning",
            "It is far from all others, but in their middle when it is multiplied by the ratio of "
            "two common units, such as grams and kilograms.",
            "Look it up at its source, and write all values in one unit.",
        ),
        Kind(
            "impossible_density", "Volume and weight that do not go together", "warning",
            "By the units in the columns' names the things would be heavier than any metal or "
            "lighter than air: a unit is wrong.",
            "Correct the unit in the column's name.",
        ),
        Kind(
            "constant_value", "Value that is always the same", "warning",
            "There is nothing to predict.",
            "Leave it out.",
        ),
    ),
    "Reading the source": (
        _reading(
            "missing_file", "Image that is named and not there", "error",
            "The annotations name a file that does not exist in the dataset's folder.",
            "Copy it there, or leave it out with --drop-faulty.",
        ),
        _reading(
            "ambiguous_file", "Name that several images have", "error",
            "It cannot be told which of them is meant.",
            "Name the image by its path from the dataset's folder.",
        ),
        _reading(
            "path_remapped", "Path of another machine", "information",
            "The file was found in the dataset's folder by its name.",
            "Nothing, if it is the right one.",
        ),
        _reading(
            "image_twice", "Image that is listed twice", "error",
            "Its annotations stand in two places.",
            "Put them together under one entry.",
        ),
        _reading(
            "image_id_twice", "Id that two images have", "error",
            "It cannot be told to which of them the annotations belong.",
            "Give each image its own id.",
        ),
        _reading(
            "bad_image_record", "Entry of an image that cannot be read", "error",
            "It lacks what an image needs, or holds something else.",
            "Correct the line.",
        ),
        _reading(
            "image_unusable", "Object of an image that cannot be had", "warning",
            "Its image is missing or named twice.",
            "Mend what is said of the image.",
        ),
        _reading(
            "unknown_image", "Object of an image that is not listed", "warning",
            "It refers to an image id that the file does not have.",
            "Add the image, or delete the object.",
        ),
        _reading(
            "bad_annotation", "Annotation that cannot be read", "warning",
            "It is not written as the format demands.",
            "Correct the line.",
        ),
        _reading(
            "bad_box", "Box that is no box", "warning",
            "It does not hold the four numbers of a box.",
            "Correct the line.",
        ),
        _reading(
            "odd_polygon", "Outline with an odd number of coordinates", "warning",
            "A point lacks its second coordinate.",
            "Correct the line.",
        ),
        _reading(
            "bad_run_lengths", "Run lengths that fill no mask", "warning",
            "They are damaged, or of another size than they say.",
            "Write them anew.",
        ),
        _reading(
            "run_order", "Masks whose pixels may be counted another way", "information",
            "Run lengths do not say whether pixels are counted down the columns or along the rows. "
            "How far apart they are shows it, unless all images are square.",
            "Look at some masks: `playground dataset show DATASET --html PAGE`.",
        ),
        _reading(
            "no_shape", "Object without box and outline", "warning",
            "Nothing says where it is.",
            "Draw it or delete it.",
        ),
        _reading(
            "missing_annotation_file", "Image without annotation file", "warning",
            "Other images have one. It may have been lost, or not made yet.",
            "Add the file; one without objects says that nothing is on the image.",
        ),
        _reading(
            "empty_annotation_file", "Annotation file without objects", "information",
            "The image is kept as background.",
            "Nothing, if it is true that nothing is on the image.",
        ),
        _reading(
            "annotation_without_image", "Annotations of an image that is not there", "error",
            "The file names an image that the dataset's folder does not hold.",
            "Add the image, or leave the file out with --drop-faulty.",
        ),
        _reading(
            "unreadable_labels", "File of labels that cannot be read", "error",
            "It is cut short, damaged, no text, larger than any file of labels is, or uses what is "
            "refused for safety, such as entities of XML.",
            "Mend it on the line that is named, or leave the image out with --drop-faulty.",
        ),
        _reading(
            "other_labels", "File of another kind among those of labels", "warning",
            "It is written as label files are and holds no labels of the format: it is not read.",
            "Nothing if it is none of the labels, or move it elsewhere.",
        ),
        _reading(
            "turned_boxes", "Outlines that are turned boxes", "information",
            "All have four corners, or the description says so. They are read as outlines.",
            "Nothing; choose --task instance_segmentation if they are outlines.",
        ),
        _reading(
            "boxes_among_outlines", "Boxes among outlines", "information",
            "Some objects have a box only: they have no pixels of their own to learn from.",
            "Draw their outlines, or train a detector.",
        ),
        _reading(
            "confidence", "Boxes with a confidence", "information",
            "The labels may be a model's predictions. The confidence is kept as an attribute.",
            "Review them if nobody did.",
        ),
        _reading(
            "image_in_two_parts", "Image in two parts", "warning",
            "It would be trained on and evaluated with. It stays in one of them.",
            "Take it out of one.",
        ),
        _reading(
            "image_in_no_part", "Image in no part", "warning",
            "The description or the lists of the dataset name the parts, and it is in none.",
            "Move it into one, or make a split of your own.",
        ),
        _reading(
            "missing_part", "Part that is not there", "warning",
            "The description of the dataset names a folder or list that does not exist.",
            "Correct the path.",
        ),
        _reading(
            "class_count", "Number of classes that is not that of the names", "warning",
            "The description of the dataset contradicts itself; the names are taken.",
            "Correct the number.",
        ),
        _reading(
            "no_class_names", "Classes without names", "warning",
            "Nothing names the classes of the ids: the ids are taken for names.",
            "Write a file that names them.",
        ),
        _reading(
            "no_shares", "Numbers that are no shares", "warning",
            "Coordinates should be shares of the image's size, these may be pixels.",
            "Divide them by the width and height of the image.",
        ),
        _reading(
            "counted_from_one", "Boxes that may count pixels from 1", "information",
            "All begin at 1 or later, and some end at the image's width or height, as in the sets "
            "of the VOC challenge; some programs also write 1 for 0. The numbers are read as edges "
            "as they stand, so that a box may be one pixel too small at the left and at the top.",
            "Nothing, unless single pixels matter; else take 1 from xmin and ymin.",
        ),
        _reading(
            "unlabelled_region", "Regions that are not labelled", "warning",
            "Objects in them were not labelled one by one. Records know no region of no class, so "
            "that a detector is taught that nothing is there.",
            "Nothing if they are few, such as what is too far away to be told.",
        ),
        _reading(
            "keypoints", "Keypoints", "warning",
            "They are not read.",
            "Nothing, if they do not matter.",
        ),
        _reading(
            "listed_not_here", "List that names images that are not here", "warning",
            "It may be the list of a larger dataset.",
            "Nothing, if those that remain are meant.",
        ),
        _reading(
            "listed_twice", "List that names images twice", "information",
            "They are read once.",
            "Nothing.",
        ),
        _reading(
            "class_lists", "Lists of the images of each class", "information",
            "They are not read: the objects say the same.",
            "Nothing.",
        ),
        _reading(
            "unread_list", "List of images that is not read", "warning",
            "Its name is that of no part.",
            "Name it train, val or test if it is one.",
        ),
        _reading(
            "part_list", "List of parts that is not read", "warning",
            "It stands beside the images and may say which are for training and which for testing; "
            "published figures are often of these parts.",
            "Give it to a split: `playground split create DATASET --name NAME --from LIST`.",
        ),
        _reading(
            "masks_unread", "Masks that are not read", "warning",
            "They serve another task than the one chosen, or stand beside the masks that are read.",
            "Choose the task with --task segmentation, or give a class table that names their "
            "values, if they are meant.",
        ),
        _reading(
            "classes_assumed", "Classes that nothing names", "information",
            "Nothing stands beside the masks that names their classes: those are assumed that "
            "Pascal VOC, or Cityscapes, has by itself.",
            "Add a labelmap.txt to Pascal VOC, or give a --class-table, if they are others.",
        ),
        _reading(
            "class_assumed", "Objects of which nothing says the class", "information",
            "They are all taken to be of one class, called `object`.",
            "Nothing if there is but one; else name what says it with --target-column.",
        ),
        _reading(
            "mask_without_classes", "Mask of objects without mask of classes", "error",
            "Nothing says what its objects are.",
            "Add the mask of classes, or leave the image out with --drop-faulty.",
        ),
        _reading(
            "image_without_class", "Image in no class's folder", "warning",
            "Its folder says no class.",
            "Move it into the folder of its class.",
        ),
        _reading(
            "empty_folder", "Folder without images", "warning",
            "It stands where classes stand and holds none.",
            "Delete it, or add the images.",
        ),
        _reading(
            "other_files", "Files that are no images", "warning",
            "They stand among the images and are not read.",
            "Nothing, or convert them to a format that is read.",
        ),
        _reading(
            "ambiguous_mask", "Image and mask that cannot be paired", "error",
            "Several have the same name but for the suffix.",
            "Give each pair its own name.",
        ),
        _reading(
            "image_without_mask", "Image without mask", "warning",
            "No mask has its name.",
            "Add the mask.",
        ),
        _reading(
            "image_without_outlines", "Image without outlines", "warning",
            "Masks are drawn of outlines. Without any, all of the image is background if somebody "
            "looked at it, and nothing says so: it is left out.",
            "Outline its objects, or say that there are none: by the status DONE, an empty label "
            "file of YOLO, a finished task of Label Studio.",
        ),
        _reading(
            "ignored_pixels", "Objects whose pixels are ignored", "information",
            "Masks are drawn of outlines. A crowd's is not meant to the pixel, and an object that "
            "has a box only may be anywhere in it: neither the loss nor a metric counts the pixels "
            "inside, but for those of smaller objects.",
            "Nothing, or outline them.",
        ),
        _reading(
            "mask_without_image", "Mask without image", "error",
            "No image has its name: one of the two was renamed or lost.",
            "Add the image, or delete the mask.",
        ),
        _reading(
            "conflicting_rows", "Rows that contradict each other", "error",
            "They name one image and say different things of it.",
            "Keep the right row.",
        ),
        _reading(
            "duplicate_row", "Row that stands there twice", "warning",
            "The first one is read.",
            "Delete one.",
        ),
        _reading(
            "row_too_long", "Row with more cells than columns", "error",
            "One of its cells holds the character that divides them: which, cannot be told.",
            "Put that cell between quotation marks.",
        ),
        _reading(
            "missing_label", "Row without a label", "error",
            "The cell is empty.",
            "Fill it, or leave the row out with --drop-faulty.",
        ),
        _reading(
            "not_a_number", "Cell that should hold a number", "error",
            "It holds something else, or nothing that is finite.",
            "Correct the cell.",
        ),
        _reading(
            "file_without_row", "Image that the labels do not name", "warning",
            "It stands among images that are named. It is left out: whether nothing is on it or "
            "nobody looked cannot be told.",
            "Add a row or an entry for it, or nothing.",
        ),
        _reading(
            "images_without_tags", "Images without tags", "information",
            "None of the tags holds for them.",
            "See whether they were labelled at all.",
        ),
        _reading(
            "named_by_beginning", "Rows that hold for several images", "information",
            "A row names how the images' names begin, and holds for each of them.",
            "Split with --group-by on that column, which keeps them in one part.",
        ),
        _reading(
            "sheet_chosen", "Sheet that is read of several", "information",
            "It is the one that was asked for, or the only one that names images.",
            "Choose another with --sheet.",
        ),
        _reading(
            "sheets_united", "Sheets that are read as one", "information",
            "Their columns are the same.",
            "Choose sheets if not all are meant.",
        ),
        _reading(
            "table_not_read", "Table beside the one that is read", "information",
            "It names images too, and is the pattern of an entry to a competition.",
            "Give its path instead if it holds the labels.",
        ),
        _reading(
            "label_column_guessed", "Label column that was guessed", "information",
            "It is the only one with numbers, and others could hold classes.",
            "Choose another with --target-column, or nothing.",
        ),
        _reading(
            "tags_divided_by_spaces", "Tags divided by spaces", "information",
            "The cells hold fewer words than ways to put them together.",
            "Give what divides the tags with --tag-separator if a tag has several words.",
        ),
        _reading(
            "tags_united", "Rows of one image with different tags", "information",
            "The image has the tags of all of them.",
            "Nothing, if that is meant.",
        ),
        _reading(
            "yes_or_no_columns", "Columns of 0 and 1", "information",
            "They are read as classes where in every row one of them is 1, else as tags.",
            "Choose with --task if it is meant otherwise.",
        ),
        _reading(
            "encoding_assumed", "Text that is not UTF-8", "warning",
            "Lines that are not UTF-8 are read as Windows-1252, which programs for Windows write "
            "in western Europe and America. From elsewhere they are something else: names of "
            "classes and files then come out wrong.",
            "See whether the text that is shown is right; else save the file as UTF-8, which "
            "spreadsheet programs call “CSV UTF-8”.",
        ),
        _reading(
            "ambiguous_number", "Number that can be read in two ways", "warning",
            "Its comma or point may stand before the decimals or between the thousands.",
            "Write thousands without one.",
        ),
        _reading(
            "shares_assumed", "Boxes that are taken for shares", "information",
            "The sides of all boxes are at most 1, so they are shares of the image's size.",
            "Nothing, if that is meant.",
        ),
        _reading(
            "labels_absent", "Labels that say what is not there", "information",
            "Someone looked for the class and did not find it. They are no tags.",
            "Nothing.",
        ),
        _reading(
            "not_one_class", "Row with several classes or none", "error",
            "An image has one class: of its columns of 0 and 1 one is 1.",
            "Correct the row, or read the columns as tags with --task tagging.",
        ),
        _reading(
            "unread_key", "Something in the file that is not read", "warning",
            "The records have no place for it.",
            "Nothing, if it does not matter.",
        ),
        _reading(
            "key_twice", "Key that stands in an object twice", "warning",
            "JSON leaves open which one counts; the last is read.",
            "Delete one.",
        ),
        _reading(
            "json_not_a_number", "NaN or Infinity", "warning",
            "They are no JSON. They are read as nothing.",
            "Write null.",
        ),
        _reading(
            "missing_frame", "Shapes in frames that are not there", "warning",
            "A track has shapes in frames of which there is no image: they are left out.",
            "Export the frames with the annotations.",
        ),
        _reading(
            "track_gap", "Track that jumps over frames", "warning",
            "Between two shapes of a track are frames without one; nothing is filled in.",
            "Export all frames, not the key frames alone.",
        ),
        _reading(
            "approximated_shape", "Circle or ellipse read as an outline", "warning",
            "Records know no ellipses: an outline of 64 points stands for one, .2 % smaller.",
            "Nothing.",
        ),
        _reading(
            "unread_shape", "Lines and points", "warning",
            "Shapes without an area serve none of the tasks: they are not read.",
            "Nothing, or draw areas.",
        ),
        _reading(
            "embedded_image", "Image within the label file", "information",
            "A copy of the image is in the file; the image itself is read.",
            "Nothing.",
        ),
        _reading(
            "several_classes", "Image of several classes", "error",
            "Classification needs one class for each image; this one has several.",
            "Choose one, or import it for tagging.",
        ),
        _reading(
            "no_class", "Image without a class", "warning",
            "Classification needs a class: the image is left out.",
            "Label it.",
        ),
        _reading(
            "no_value", "Image without a value", "warning",
            "Regression needs all values of an image: it is left out.",
            "Give it its values.",
        ),
        _reading(
            "several_labels", "Region with several labels", "warning",
            "The first is its class, all of them are kept as an attribute.",
            "Nothing if the first is the one that is meant.",
        ),
        _reading(
            "several_annotators", "Task with several annotations", "information",
            "The one marked as ground truth is read, or else the first that was finished.",
            "Mark the right one as ground truth where they differ.",
        ),
        _reading(
            "skipped_items", "Cancelled tasks", "information",
            "Their images are kept with the status SKIPPED and without labels.",
            "Leave the status SKIPPED out of a split.",
        ),
        _reading(
            "predicted_items", "Tasks labelled by a model only", "warning",
            "Their predictions are read as labels, with the status AUTO-LABELLED.",
            "Review them, or leave the status out of a split.",
        ),
        _reading(
            "unlabelled_items", "Tasks that nobody labelled", "warning",
            "Their images are kept without labels: as NEW, not as images on which nothing is.",
            "Leave the statuses NEW and IN PROGRESS out of a split.",
        ),
        _reading(
            "numbers_unread", "Numbers beside other labels", "information",
            "Images have numbers too; they are read if the task is regression.",
            "Import it again with --task regression if they are wanted.",
        ),
    ),
    "Writing": (
        _of_all(
            "not_in_format", "Something that the format cannot hold", "warning",
            "It is lost in the export.",
            "Choose another format, or nothing if it does not matter.",
        ),
        _of_all(
            "no_part", "Images in no part", "information",
            "The format needs a part for each image: they are written to the first.",
            "Nothing.",
        ),
        _reading(
            "unlisted_segment", "Segment of a mask that is not listed", "warning",
            "Pixels of a panoptic mask have a number that the annotations do not name.",
            "Name the class of the segment, or set its pixels to 0.",
        ),
        _reading(
            "segment_without_pixels", "Segment that is not in its mask", "warning",
            "The annotations name a segment of which no pixel has the number.",
            "Take it out of the annotations.",
        ),
        _reading(
            "unknown_item", "List that names what is not in the dataset", "warning",
            "The names of a list of a split are left out.",
            "Nothing, if it is the list of a larger dataset.",
        ),
        _reading(
            "part_numbers", "List that tells parts by numbers", "information",
            "The numbers 0, 1 and 2 are read as train, validation and test, as CelebA has them; "
            "where a 1 says that an image is for training, as in CUB, 0 is test.",
            "Look at the sizes of the parts.",
        ),
    ),
}  # fmt: skip

KINDS: dict[str, Kind] = {one.name: one for kinds in GROUPS.values() for one in kinds}


def kind_of(finding: Finding) -> Kind:
    """Return what is known of a finding's kind; of one that nothing declares, what it says."""
    return KINDS.get(finding.kind) or Kind(
        finding.kind, finding.kind.replace("_", " ").capitalize(), finding.severity, "", ""
    )
